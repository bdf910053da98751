package lint

// escalationWay is a set of actions that together give more than each.
type escalationWay struct {
	// how completes "the holder can ...".
	how string
	// needs must all be allowed.
	needs []need
	// service is what a role is passed to; empty where none is.
	service string
}

// need is one action of a way, or several of which one will do.
type need struct {
	actions []string
	// anywhere is set where the action only gives more than was meant if it
	// works on any resource: with named ones the policy's author decided what
	// the holder may become.
	anywhere bool
}

// onAny is an action that has to be allowed on any resource, or, for one of the
// holder's own, on itself.
func onAny(actions ...string) need { return need{actions: actions, anywhere: true} }

// also is an action that counts wherever it is allowed.
func also(actions ...string) need { return need{actions: actions} }

const passRoleAction = "iam:PassRole"

// escalationWays are the known ways, after the public research on them (Gietzen,
// "AWS IAM Privilege Escalation"; Bishop Fox; the pathfinding.cloud catalogue).
var escalationWays = []escalationWay{
	// The permissions of principals, changed directly.
	{how: "write a new version of any policy, its own included", needs: []need{onAny("iam:CreatePolicyVersion")}},
	{how: "bring back an older version of any policy", needs: []need{onAny("iam:SetDefaultPolicyVersion")}},
	{how: "attach any policy to any user", needs: []need{onAny("iam:AttachUserPolicy")}},
	{how: "attach any policy to any group", needs: []need{onAny("iam:AttachGroupPolicy")}},
	{how: "attach any policy to any role", needs: []need{onAny("iam:AttachRolePolicy")}},
	{how: "write a policy into any user", needs: []need{onAny("iam:PutUserPolicy")}},
	{how: "write a policy into any group", needs: []need{onAny("iam:PutGroupPolicy")}},
	{how: "write a policy into any role", needs: []need{onAny("iam:PutRolePolicy")}},
	{how: "join any group", needs: []need{onAny("iam:AddUserToGroup")}},
	{how: "let itself assume any role", needs: []need{onAny("iam:UpdateAssumeRolePolicy")}},
	{how: "remove or replace the boundary of any role", needs: []need{onAny("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary")}},
	{how: "remove or replace the boundary of any user", needs: []need{onAny("iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary")}},

	// The identity of somebody else.
	{how: "make an access key of any user", needs: []need{onAny("iam:CreateAccessKey")}},
	{how: "give any user a password", needs: []need{onAny("iam:CreateLoginProfile")}},
	{how: "change the password of any user", needs: []need{onAny("iam:UpdateLoginProfile")}},
	{how: "replace the keys of any SAML provider and sign in as anyone", needs: []need{onAny("iam:UpdateSAMLProvider")}},

	// A role passed to something that runs what the holder says.
	{how: "start an instance with any role", service: "ec2.amazonaws.com", needs: []need{onAny(passRoleAction), also("ec2:RunInstances")}},
	{how: "give a running instance any role", service: "ec2.amazonaws.com", needs: []need{onAny(passRoleAction), also("ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation")}},
	{how: "start instances of a group with any role", service: "ec2.amazonaws.com", needs: []need{onAny(passRoleAction), also("autoscaling:CreateLaunchConfiguration", "ec2:CreateLaunchTemplate"), also("autoscaling:CreateAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup")}},
	{how: "run a new function with any role", service: "lambda.amazonaws.com", needs: []need{onAny(passRoleAction), also("lambda:CreateFunction"), also("lambda:InvokeFunction", "lambda:AddPermission", "lambda:CreateEventSourceMapping", "lambda:CreateFunctionUrlConfig")}},
	{how: "give an existing function any role", service: "lambda.amazonaws.com", needs: []need{onAny(passRoleAction), also("lambda:UpdateFunctionConfiguration"), also("lambda:UpdateFunctionCode")}},
	{how: "create a stack that acts with any role", service: "cloudformation.amazonaws.com", needs: []need{onAny(passRoleAction), also("cloudformation:CreateStack", "cloudformation:UpdateStack")}},
	{how: "create stacks of a set that act with any role", service: "cloudformation.amazonaws.com", needs: []need{onAny(passRoleAction), also("cloudformation:CreateStackSet"), also("cloudformation:CreateStackInstances")}},
	{how: "open a development endpoint with any role", service: "glue.amazonaws.com", needs: []need{onAny(passRoleAction), also("glue:CreateDevEndpoint")}},
	{how: "run a Glue job with any role", service: "glue.amazonaws.com", needs: []need{onAny(passRoleAction), also("glue:CreateJob", "glue:UpdateJob"), also("glue:StartJobRun", "glue:CreateTrigger")}},
	{how: "run a task with any role", service: "ecs-tasks.amazonaws.com", needs: []need{onAny(passRoleAction), also("ecs:RegisterTaskDefinition"), also("ecs:RunTask", "ecs:StartTask", "ecs:CreateService", "ecs:UpdateService")}},
	{how: "run a batch job with any role", service: "ecs-tasks.amazonaws.com", needs: []need{onAny(passRoleAction), also("batch:RegisterJobDefinition"), also("batch:SubmitJob")}},
	{how: "run a build with any role", service: "codebuild.amazonaws.com", needs: []need{onAny(passRoleAction), also("codebuild:CreateProject", "codebuild:UpdateProject"), also("codebuild:StartBuild", "codebuild:StartBuildBatch")}},
	{how: "open a notebook with any role", service: "sagemaker.amazonaws.com", needs: []need{onAny(passRoleAction), also("sagemaker:CreateNotebookInstance")}},
	{how: "run a training or processing job with any role", service: "sagemaker.amazonaws.com", needs: []need{onAny(passRoleAction), also("sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob")}},
	{how: "run a web service with any role", service: "tasks.apprunner.amazonaws.com", needs: []need{onAny(passRoleAction), also("apprunner:CreateService", "apprunner:UpdateService")}},
	{how: "run a data pipeline with any role", service: "datapipeline.amazonaws.com", needs: []need{onAny(passRoleAction), also("datapipeline:CreatePipeline")}},
	{how: "run a state machine with any role", service: "states.amazonaws.com", needs: []need{onAny(passRoleAction), also("states:CreateStateMachine", "states:UpdateStateMachine"), also("states:StartExecution")}},
	{how: "schedule any call with any role", service: "scheduler.amazonaws.com", needs: []need{onAny(passRoleAction), also("scheduler:CreateSchedule", "scheduler:UpdateSchedule")}},

	// What runs already, taken over with the role it has.
	{how: "replace the code of any function and act with its role", needs: []need{onAny("lambda:UpdateFunctionCode")}},
	{how: "put its key on any development endpoint and act with its role", needs: []need{onAny("glue:UpdateDevEndpoint")}},
	{how: "change any stack with the role it has", needs: []need{onAny("cloudformation:CreateChangeSet"), also("cloudformation:ExecuteChangeSet")}},
	{how: "replace the start-up script of any instance and act with its role", needs: []need{onAny("ec2:ModifyInstanceAttribute"), also("ec2:StopInstances"), also("ec2:StartInstances")}},
	{how: "sign in to any instance and act with its role", needs: []need{onAny("ec2-instance-connect:SendSSHPublicKey", "ec2-instance-connect:SendSerialConsoleSSHPublicKey")}},
	{how: "open a shell on any instance and act with its role", needs: []need{onAny("ssm:StartSession")}},
	{how: "run commands on any instance and act with its role", needs: []need{onAny("ssm:SendCommand")}},
	{how: "run commands in any task and act with its role", needs: []need{onAny("ecs:ExecuteCommand")}},
	{how: "open any notebook and act with its role", needs: []need{onAny("sagemaker:CreatePresignedNotebookInstanceUrl")}},
}

// selfOpens are the actions that give everything also where they are limited to
// the holder's own user.
var selfOpens = map[string]bool{"iam:AttachUserPolicy": true, "iam:PutUserPolicy": true}

// guardKeys are the conditions, by lower-case name, that keep an action of a way
// within what was meant.
var guardKeys = map[string]bool{
	"iam:permissionsboundary":    true, // what is created or changed stays below a boundary
	"iam:policyarn":              true, // only certain policies can be attached
	"cloudformation:rolearn":     true,
	"cloudformation:templateurl": true,
}

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

// way is one that takes these actions.
func way(how string, needs ...need) escalationWay { return escalationWay{how: how, needs: needs} }

// passing is a way by which a role is passed to a service that then runs what
// the holder says.
func passing(service, how string, needs ...need) escalationWay {
	return escalationWay{how: how, service: service, needs: append([]need{onAny(passRoleAction)}, needs...)}
}

// escalationWays are the known ways, after the public research on them (Gietzen,
// "AWS IAM Privilege Escalation"; Bishop Fox; the pathfinding.cloud catalogue).
var escalationWays = []escalationWay{
	// The permissions of principals, changed directly.
	way("write a new version of any policy, its own included", onAny("iam:CreatePolicyVersion")),
	way("bring back an older version of any policy", onAny("iam:SetDefaultPolicyVersion")),
	way("attach any policy to any user", onAny("iam:AttachUserPolicy")),
	way("attach any policy to any group", onAny("iam:AttachGroupPolicy")),
	way("attach any policy to any role", onAny("iam:AttachRolePolicy")),
	way("write a policy into any user", onAny("iam:PutUserPolicy")),
	way("write a policy into any group", onAny("iam:PutGroupPolicy")),
	way("write a policy into any role", onAny("iam:PutRolePolicy")),
	way("join any group", onAny("iam:AddUserToGroup")),
	way("let itself assume any role", onAny("iam:UpdateAssumeRolePolicy")),
	way("remove or replace the boundary of any role", onAny("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary")),
	way("remove or replace the boundary of any user", onAny("iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary")),

	// The identity of somebody else.
	way("make an access key of any user", onAny("iam:CreateAccessKey")),
	way("give any user a password", onAny("iam:CreateLoginProfile")),
	way("change the password of any user", onAny("iam:UpdateLoginProfile")),
	way("replace the keys of any SAML provider and sign in as anyone", onAny("iam:UpdateSAMLProvider")),

	// A role passed to something that runs what the holder says.
	passing("ec2.amazonaws.com", "start an instance with any role", also("ec2:RunInstances")),
	passing("ec2.amazonaws.com", "give a running instance any role",
		also("ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation")),
	passing("ec2.amazonaws.com", "start instances of a group with any role",
		also("autoscaling:CreateLaunchConfiguration", "ec2:CreateLaunchTemplate"),
		also("autoscaling:CreateAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup")),
	passing("lambda.amazonaws.com", "run a new function with any role",
		also("lambda:CreateFunction"),
		also("lambda:InvokeFunction", "lambda:AddPermission", "lambda:CreateEventSourceMapping", "lambda:CreateFunctionUrlConfig")),
	passing("lambda.amazonaws.com", "give an existing function any role", also("lambda:UpdateFunctionConfiguration"), also("lambda:UpdateFunctionCode")),
	passing("cloudformation.amazonaws.com", "create a stack that acts with any role", also("cloudformation:CreateStack", "cloudformation:UpdateStack")),
	passing("cloudformation.amazonaws.com", "create stacks of a set that act with any role",
		also("cloudformation:CreateStackSet"),
		also("cloudformation:CreateStackInstances")),
	passing("glue.amazonaws.com", "open a development endpoint with any role", also("glue:CreateDevEndpoint")),
	passing("glue.amazonaws.com", "run a Glue job with any role",
		also("glue:CreateJob", "glue:UpdateJob"),
		also("glue:StartJobRun", "glue:CreateTrigger")),
	passing("ecs-tasks.amazonaws.com", "run a task with any role",
		also("ecs:RegisterTaskDefinition"),
		also("ecs:RunTask", "ecs:StartTask", "ecs:CreateService", "ecs:UpdateService")),
	passing("ecs-tasks.amazonaws.com", "run a batch job with any role", also("batch:RegisterJobDefinition"), also("batch:SubmitJob")),
	passing("codebuild.amazonaws.com", "run a build with any role",
		also("codebuild:CreateProject", "codebuild:UpdateProject"),
		also("codebuild:StartBuild", "codebuild:StartBuildBatch")),
	passing("sagemaker.amazonaws.com", "open a notebook with any role", also("sagemaker:CreateNotebookInstance")),
	passing("sagemaker.amazonaws.com", "run a training or processing job with any role",
		also("sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob")),
	passing("tasks.apprunner.amazonaws.com", "run a web service with any role", also("apprunner:CreateService", "apprunner:UpdateService")),
	passing("datapipeline.amazonaws.com", "run a data pipeline with any role", also("datapipeline:CreatePipeline")),
	passing("states.amazonaws.com", "run a state machine with any role",
		also("states:CreateStateMachine", "states:UpdateStateMachine"),
		also("states:StartExecution")),
	passing("scheduler.amazonaws.com", "schedule any call with any role", also("scheduler:CreateSchedule", "scheduler:UpdateSchedule")),

	// What runs already, taken over with the role it has.
	way("replace the code of any function and act with its role", onAny("lambda:UpdateFunctionCode")),
	way("put its key on any development endpoint and act with its role", onAny("glue:UpdateDevEndpoint")),
	way("change any stack with the role it has", onAny("cloudformation:CreateChangeSet"), also("cloudformation:ExecuteChangeSet")),
	way("replace the start-up script of any instance and act with its role", onAny("ec2:ModifyInstanceAttribute"), also("ec2:StopInstances"), also("ec2:StartInstances")),
	way("sign in to any instance and act with its role", onAny("ec2-instance-connect:SendSSHPublicKey", "ec2-instance-connect:SendSerialConsoleSSHPublicKey")),
	way("open a shell on any instance and act with its role", onAny("ssm:StartSession")),
	way("run commands on any instance and act with its role", onAny("ssm:SendCommand")),
	way("run commands in any task and act with its role", onAny("ecs:ExecuteCommand")),
	way("open any notebook and act with its role", onAny("sagemaker:CreatePresignedNotebookInstanceUrl")),
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

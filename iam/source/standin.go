package source

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
)

// What stands for the account, region and partition a template is deployed to,
// where it refers to them. The account is none of the vendor's documented
// examples, so that it is not taken for a placeholder someone forgot.
const (
	StandInAccount   = "314159265358"
	StandInRegion    = "us-east-1"
	StandInPartition = "aws"
)

// Identifiers that have the shape of their kind.
const (
	standInOrganization = "o-a1b2c3d4e5"
	standInUUID         = "1234abcd-12ab-34cd-56ef-1234567890ab"
	standInHex          = "0a1b2c3d4e5f60718"
	standInSuffix       = "amazonaws.com"
	standInNetwork      = "203.0.113.0/24" // RFC 5737: for documentation
)

// noun is a kind of resource as people name it, with its ARN.
type noun struct {
	words   []string // any of them names it, in lower case and without separators
	service string
	arn     string // with "?" for the name
}

// nouns are in the order in which they are looked for: a name that has several
// is of the first.
var nouns = []noun{
	{[]string{"oidc"}, "iam", "arn:aws:iam::" + StandInAccount + ":oidc-provider/?"},
	{[]string{"saml"}, "iam", "arn:aws:iam::" + StandInAccount + ":saml-provider/?"},
	{[]string{"role"}, "iam", "arn:aws:iam::" + StandInAccount + ":role/?"},
	{[]string{"instanceprofile"}, "iam", "arn:aws:iam::" + StandInAccount + ":instance-profile/?"},
	{[]string{"userpool", "cognito"}, "cognito-idp", regional("cognito-idp", "userpool/us-east-1_AbCdEfGhI")},
	{[]string{"policy", "boundary"}, "iam", "arn:aws:iam::" + StandInAccount + ":policy/?"},
	{[]string{"securitygroup"}, "ec2", regional("ec2", "security-group/sg-"+standInHex)},
	{[]string{"subnet"}, "ec2", regional("ec2", "subnet/subnet-"+standInHex)},
	{[]string{"vpcendpoint"}, "ec2", regional("ec2", "vpc-endpoint/vpce-"+standInHex)},
	{[]string{"vpc"}, "ec2", regional("ec2", "vpc/vpc-"+standInHex)},
	{[]string{"instance"}, "ec2", regional("ec2", "instance/i-"+standInHex)},
	{[]string{"bucket"}, "s3", "arn:aws:s3:::?"},
	{[]string{"deliverystream", "firehose"}, "firehose", regional("firehose", "deliverystream/?")},
	{[]string{"queue", "dlq", "sqs"}, "sqs", regional("sqs", "?")},
	{[]string{"topic", "sns"}, "sns", regional("sns", "?")},
	{[]string{"table", "dynamodb"}, "dynamodb", regional("dynamodb", "table/?")},
	{[]string{"function", "lambda"}, "lambda", regional("lambda", "function:?")},
	{[]string{"secret"}, "secretsmanager", regional("secretsmanager", "secret:?-a1B2c3")},
	{[]string{"kms", "cmk", "key"}, "kms", regional("kms", "key/"+standInUUID)},
	{[]string{"loggroup", "logs"}, "logs", regional("logs", "log-group:?")},
	{[]string{"kinesis", "stream"}, "kinesis", regional("kinesis", "stream/?")},
	{[]string{"repository", "ecr"}, "ecr", regional("ecr", "repository/?")},
	{[]string{"statemachine", "sfn"}, "states", regional("states", "stateMachine:?")},
	{[]string{"taskdefinition", "taskdef"}, "ecs", regional("ecs", "task-definition/?:1")},
	{[]string{"ecs", "cluster"}, "ecs", regional("ecs", "cluster/?")},
	{[]string{"parameter", "ssm"}, "ssm", regional("ssm", "parameter/?")},
	{[]string{"certificate"}, "acm", regional("acm", "certificate/"+standInUUID)},
	{[]string{"eventbus"}, "events", regional("events", "event-bus/?")},
	{[]string{"eventrule", "rule"}, "events", regional("events", "rule/?")},
	{[]string{"distribution", "cloudfront"}, "cloudfront", "arn:aws:cloudfront::" + StandInAccount + ":distribution/E1A2B3C4D5E6F7"},
	{[]string{"filesystem", "efs"}, "elasticfilesystem", regional("elasticfilesystem", "file-system/fs-"+standInHex)},
	{[]string{"opensearch", "elasticsearch"}, "es", regional("es", "domain/?")},
	{[]string{"loadbalancer", "alb"}, "elasticloadbalancing", regional("elasticloadbalancing", "loadbalancer/app/?/50dc6c495c0c9188")},
	{[]string{"codebuild", "project"}, "codebuild", regional("codebuild", "project/?")},
	{[]string{"pipeline"}, "codepipeline", regional("codepipeline", "?")},
	{[]string{"restapi", "apigateway"}, "execute-api", regional("execute-api", "a1b2c3d4e5")},
	{[]string{"rds", "database"}, "rds", regional("rds", "db:?")},
	{[]string{"user"}, "iam", "arn:aws:iam::" + StandInAccount + ":user/?"},
	{[]string{"group"}, "iam", "arn:aws:iam::" + StandInAccount + ":group/?"},
}

func regional(service, resource string) string {
	return "arn:" + StandInPartition + ":" + service + ":" + StandInRegion + ":" + StandInAccount + ":" + resource
}

// place is where in a policy a value stands, which decides what is valid there.
type place struct {
	element   string // "Action", "Resource", "Principal", "Condition", "Not…" without the Not
	principal string // the key within Principal
	operator  string // the operator and key within Condition
	key       string
	services  []string // the services of the statement's actions
	part      bool     // other text surrounds the value in its string
}

// standIn returns a value for what is known by its name only: valid where it
// stands, and telling of the name.
func standIn(name string, p place) string {
	words := folded(name)
	switch {
	case strings.HasSuffix(words, "arn") || strings.HasSuffix(words, "arns"):
		return nounFor(words, p).named(slug(name))
	case p.part:
		return byWord(words, name)
	case p.element == "Resource":
		return nounFor(words, p).named(slug(name))
	case p.element == "Principal":
		return principalFor(words, slug(name), p.principal)
	case p.element == "Condition":
		return conditionFor(words, name, p)
	}
	return byWord(words, name)
}

// byWord returns the identifier a name speaks of, or the name itself.
func byWord(words, name string) string {
	for _, known := range []struct{ word, value string }{
		{"accountid", StandInAccount},
		{"account", StandInAccount},
		{"region", StandInRegion},
		{"partition", StandInPartition},
		{"urlsuffix", standInSuffix},
		{"dnssuffix", standInSuffix},
		{"organizationid", standInOrganization},
		{"orgid", standInOrganization},
		{"securitygroup", "sg-" + standInHex},
		{"vpcendpoint", "vpce-" + standInHex},
		{"vpceid", "vpce-" + standInHex},
		{"vpcid", "vpc-" + standInHex},
		{"subnetid", "subnet-" + standInHex},
		{"keyid", standInUUID},
		{"externalid", standInUUID}, // nothing that can be guessed
		{"cidr", standInNetwork},
	} {
		if strings.Contains(words, known.word) {
			return known.value
		}
	}
	return slug(name)
}

// nounFor returns the kind of resource a name speaks of, or else the one the
// statement's actions are about.
func nounFor(words string, p place) noun {
	for _, n := range nouns {
		for _, w := range n.words {
			if strings.Contains(words, w) {
				return n
			}
		}
	}
	if len(p.services) == 0 {
		return noun{service: "s3", arn: "arn:aws:s3:::?"}
	}
	service := p.services[0]
	if i := slices.IndexFunc(nouns, func(n noun) bool { return n.service == service }); i >= 0 {
		return nouns[i]
	}
	return noun{service: service, arn: regional(service, "?")}
}

// nounNamed returns the noun of exactly that word.
func nounNamed(word string) (noun, bool) {
	for _, n := range nouns {
		if slices.Contains(n.words, word) {
			return n, true
		}
	}
	return noun{}, false
}

// named returns the ARN of a resource of that name.
func (n noun) named(name string) string { return strings.ReplaceAll(n.arn, "?", name) }

func principalFor(words, name, key string) string {
	switch key {
	case "Service":
		return "lambda." + standInSuffix
	case "Federated":
		if strings.Contains(words, "saml") {
			return "arn:aws:iam::" + StandInAccount + ":saml-provider/" + name
		}
		return "arn:aws:iam::" + StandInAccount + ":oidc-provider/" + name
	case "CanonicalUser":
		return strings.Repeat("0123456789abcdef", 4)
	}
	switch {
	case strings.Contains(words, "account"):
		return "arn:aws:iam::" + StandInAccount + ":root"
	case strings.Contains(words, "user"):
		return "arn:aws:iam::" + StandInAccount + ":user/" + name
	}
	return "arn:aws:iam::" + StandInAccount + ":role/" + name
}

// conditionFor returns a value of the type the operator compares; of texts, one
// such as the key has.
func conditionFor(words, name string, p place) string {
	op, _ := iam.ParseOperator(p.operator)
	switch op.Test.Family() {
	case iam.BoolFamily, iam.NullFamily:
		return "true"
	case iam.NumericFamily:
		return "1"
	case iam.DateFamily:
		if strings.Contains(op.Test.String(), "Less") {
			return "2099-12-31T23:59:59Z"
		}
		return "2020-01-01T00:00:00Z"
	case iam.IPFamily:
		return standInNetwork
	case iam.ARNFamily:
		return arnKey(words, name, p)
	}
	switch strings.ToLower(p.key) {
	case "aws:principalorgid", "aws:resourceorgid", "aws:sourceorgid":
		return standInOrganization
	case "aws:principalaccount", "aws:resourceaccount", "aws:sourceaccount":
		return StandInAccount
	case "aws:sourcevpc":
		return "vpc-" + standInHex
	case "aws:sourcevpce":
		return "vpce-" + standInHex
	case "aws:requestedregion":
		return StandInRegion
	case "sts:externalid":
		return standInUUID
	case "aws:sourcearn", "aws:principalarn":
		return arnKey(words, name, p)
	}
	return byWord(words, name)
}

func arnKey(words, name string, p place) string {
	if strings.EqualFold(p.key, "aws:PrincipalArn") {
		return principalFor(words, slug(name), "AWS")
	}
	return nounFor(words, place{}).named(slug(name))
}

// folded returns a name in lower case without what separates its words:
// "aws_sqs_queue" and "QueueArn" become "awssqsqueue" and "queuearn".
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, name)
}

// slug returns a name such as resources have them: "QueueArn" becomes "queue",
// "var.bucket_name" "bucket-name". It is never empty and at most 63 bytes long,
// which is what the shortest-named resources allow.
func slug(name string) string {
	for _, scope := range []string{"var.", "local.", "module.", "data.", "each.", "self.", "path."} {
		name = strings.TrimPrefix(name, scope)
	}
	var b strings.Builder
	dash := false
	for i, r := range name {
		upper := 'A' <= r && r <= 'Z'
		if upper {
			r += 'a' - 'A'
		}
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			if dash || upper && i > 0 && lowerOrDigit(name[i-1]) {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		default:
			dash = b.Len() > 0
		}
		if b.Len() >= 60 {
			break
		}
	}
	s := b.String()
	for _, suffix := range []string{"-arns", "-arn"} {
		s = strings.TrimSuffix(s, suffix)
	}
	if s == "" || s == "arn" {
		return "stand-in"
	}
	return s
}

func lowerOrDigit(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

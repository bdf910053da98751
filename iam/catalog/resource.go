package catalog

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
)

// Resource is a type of resource of a service.
type Resource struct {
	// Service is the service whose reference lists it.
	Service *Service
	// Type is its name: "bucket".
	Type string
	// Template is its ARN with variables:
	// "arn:${Partition}:s3:::${BucketName}". Of a type with several forms it is
	// the first; see [Resource.Forms].
	Template string
	// Keys are condition keys that requests about it carry.
	Keys []string

	templates []string       // all forms the reference has
	forms     []arn.Template // see [Resource.Forms]
}

// Forms returns the forms its ARNs have. Most types have one; a stage of API
// Gateway, for one, is named below apis and below restapis.
func (r *Resource) Forms() []arn.Template {
	r.Service.formsOnce.Do(r.Service.makeForms)
	return r.forms
}

// makeForms makes the forms of all resources of a service: which variables are
// narrow depends on the others.
func (s *Service) makeForms() {
	narrow := s.narrowVariables()
	for _, r := range s.Resources {
		for _, text := range slices.Concat(r.templates, furtherForms[s.Prefix+" "+r.Type]) {
			r.forms = append(r.forms, arn.Template{Text: text, Narrow: narrow})
		}
	}
}

// Variables returns the names of the variables of the template, in order.
func (r *Resource) Variables() []string { return arn.Template{Text: r.Template}.Variables() }

// Pattern returns the template with "*" for each variable.
func (r *Resource) Pattern() string { return arn.Template{Text: r.Template}.Pattern() }

// Fill returns the template with values for its variables, and the names of
// those that have none, for which it has a "*".
func (r *Resource) Fill(values map[string]string) (pattern string, missing []string) {
	return arn.Template{Text: r.Template}.Fill(values)
}

// Denotes reports whether an ARN pattern of a policy can name a resource of this
// type: whether some ARN of one of its forms matches the pattern by the rule of
// the element Resource. Where the pattern has policy variables, put a "*" in
// their place before.
//
// It errs to one side: that a pattern names nothing of the type is only said
// where no ARN of the type can match it. Names that never have a "/" are taken
// as such, so that arn:aws:s3:::media/* names objects and no bucket.
func (r *Resource) Denotes(pattern string) bool {
	return pattern == "*" || slices.ContainsFunc(r.Forms(), func(t arn.Template) bool { return t.Overlaps(pattern) })
}

// Named reports whether a name of this type can have a resource part, behind the
// fifth colon, that matches the pattern: [Resource.Denotes] whatever the rest of
// the ARN is.
func (r *Resource) Named(resourcePart string) bool {
	return slices.ContainsFunc(r.Forms(), func(t arn.Template) bool { return t.OverlapsResource(resourcePart) })
}

// Denoted returns the types of resources of the actions' service that a pattern
// can name, of those that the action takes.
func (a *Action) Denoted(pattern string) []*Resource {
	var out []*Resource
	for _, u := range a.Resources {
		if u.Resource.Denotes(pattern) {
			out = append(out, u.Resource)
		}
	}
	return out
}

// Denoted returns the types of resources of the service that a pattern can name.
func (s *Service) Denoted(pattern string) []*Resource {
	var out []*Resource
	for _, r := range s.Resources {
		if r.Denotes(pattern) {
			out = append(out, r)
		}
	}
	return out
}

// Takes reports whether the action can be about what a pattern names: "*" for
// every action, else a resource of a type the action takes.
func (a *Action) Takes(pattern string) bool {
	return pattern == "*" || slices.ContainsFunc(a.Resources, func(u Use) bool { return u.Resource.Denotes(pattern) })
}

// furtherForms are forms of ARNs that the vendor's guides document and its
// reference of services leaves out, by prefix and type.
var furtherForms = map[string][]string{
	// Amazon S3 User Guide, "Multi-Region Access Points", configuring permissions:
	// they belong to no region.
	"s3 accesspointobject": {"arn:${Partition}:s3::${Account}:accesspoint/${AccessPointAlias}/object/${ObjectName}"},
	// API Gateway Developer Guide, "Control access for invoking an API": the path
	// of a method at the root is empty, and routes of WebSocket APIs are no methods.
	"execute-api execute-api-general": {"arn:${Partition}:execute-api:${Region}:${Account}:${ApiId}/${Stage}/${RouteKey}"},
	// Amazon ECS Developer Guide, "Amazon Resource Names (ARNs) and IDs": the
	// format before 2018, which resources made then keep, has no cluster.
	"ecs container-instance": {"arn:${Partition}:ecs:${Region}:${Account}:container-instance/${ContainerInstanceId}"},
	"ecs service":            {"arn:${Partition}:ecs:${Region}:${Account}:service/${ServiceName}"},
	"ecs task":               {"arn:${Partition}:ecs:${Region}:${Account}:task/${TaskId}"},
	// AWS Systems Manager User Guide, "Working with public parameters" and "Restrict
	// access to documents": what the vendor owns is in no account.
	"ssm automation-definition": {"arn:${Partition}:ssm:${Region}::automation-definition/${AutomationDefinitionName}:${VersionId}"},
	"ssm document":              {"arn:${Partition}:ssm:${Region}::document/${DocumentName}"},
	"ssm parameter":             {"arn:${Partition}:ssm:${Region}::parameter/aws/${PublicParameterName}"},
}

// narrowVariables returns the variables of the service's templates that stand
// for no "/". They are
//
//   - those behind which another template of the service goes on with a "/": as
//     "table/${TableName}" and "table/${TableName}/index/${IndexName}" are two
//     types, a table's name cannot have one. Only a "/" counts: behind the name
//     of a log group policies write ":*", and behind that of a function its
//     version, for the group and the function themselves;
//   - the IDs that EC2 gives, which are a word, a hyphen and hexadecimal digits;
//   - those of [withoutSlash].
//
// All others are taken to stand for anything.
func (s *Service) narrowVariables() []string {
	narrow := slices.Clone(withoutSlash[s.Prefix])
	patterns := s.patterns()
	for _, r := range s.Resources {
		for _, text := range r.templates {
			narrow = append(narrow, narrowIn(text, patterns)...)
		}
	}
	slices.Sort(narrow)
	return slices.Compact(narrow)
}

func (s *Service) patterns() []string {
	var all []string
	for _, r := range s.Resources {
		for _, text := range r.templates {
			all = append(all, arn.Template{Text: text}.Pattern())
		}
	}
	return all
}

func narrowIn(template string, patterns []string) (narrow []string) {
	t := arn.Template{Text: template}
	for _, v := range t.Variables() {
		if strings.HasSuffix(v, "Id") && strings.HasPrefix(template, "arn:${Partition}:ec2:") {
			narrow = append(narrow, v)
		}
	}
	own := t.Pattern()
	if strings.HasSuffix(template, "}") && slices.ContainsFunc(patterns, func(p string) bool { return strings.HasPrefix(p, own+"/") }) {
		names := t.Variables()
		narrow = append(narrow, names[len(names)-1])
	}
	return narrow
}

// withoutSlash are variables of names that have no "/" as the vendor documents
// them, by prefix: the naming rules for buckets (Amazon S3 User Guide), queues
// (CreateQueue), topics (CreateTopic) and classic load balancers
// (CreateLoadBalancer), whose ARNs begin like those of the others.
var withoutSlash = map[string][]string{
	"elasticloadbalancing": {"LoadBalancerName"},
	"s3express":            {"BucketName"},
	"sns":                  {"TopicName"},
	"sqs":                  {"QueueName"},
	"ssm":                  {"BucketName"},
}

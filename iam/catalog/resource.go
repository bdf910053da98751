package catalog

import (
	"regexp"
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/glob"
)

// Resource is a type of resource of a service.
type Resource struct {
	// Service is the service whose reference lists it.
	Service *Service
	// Type is its name: "bucket".
	Type string
	// Template is its ARN with variables:
	// "arn:${Partition}:s3:::${BucketName}".
	Template string
	// Keys are condition keys that requests about it carry.
	Keys []string
}

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// Variables returns the names of the variables of the template, in order.
func (r *Resource) Variables() []string {
	names := variable.FindAllString(r.Template, -1)
	for i, n := range names {
		names[i] = n[2 : len(n)-1]
	}
	return names
}

// Pattern returns the template with "*" for each variable.
func (r *Resource) Pattern() string { return variable.ReplaceAllString(r.Template, "*") }

// Fill returns the ARN with values for the variables, and the names of those
// that have none, for which it has a "*".
func (r *Resource) Fill(values map[string]string) (id string, missing []string) {
	id = variable.ReplaceAllStringFunc(r.Template, func(v string) string {
		name := v[2 : len(v)-1]
		if value, ok := values[name]; ok && value != "" {
			return value
		}
		missing = append(missing, name)
		return "*"
	})
	return id, missing
}

// Denotes reports whether an ARN pattern of a policy can name a resource of
// this type: whether some ARN of the template matches it. Parts of ARNs are
// compared one by one, and names that cannot have a slash in them are taken as
// such, so that a bucket is not named by "arn:aws:s3:::media/*".
func (r *Resource) Denotes(pattern string) bool {
	if pattern == "*" {
		return true
	}
	want, got := strings.SplitN(r.Pattern(), ":", 6), strings.SplitN(pattern, ":", 6)
	if len(want) < 6 {
		return false
	}
	if len(got) < 6 {
		// A "*" at the end of a part reaches over the colons behind it.
		return strings.HasSuffix(pattern, "*") && overlaps(want[:len(got)], got)
	}
	if !overlaps(want[:5], got[:5]) {
		return false
	}
	if !glob.Overlap(want[5], got[5]) {
		return false
	}
	return r.slashes() || strings.Count(got[5], "/") <= strings.Count(want[5], "/")
}

func overlaps(want, got []string) bool {
	for i := range got {
		if !glob.Overlap(want[i], got[i]) {
			return false
		}
	}
	return true
}

// slashes reports whether some name in the template may have a slash in it.
func (r *Resource) slashes() bool {
	parts := strings.SplitN(r.Template, ":", 6)
	if len(parts) < 6 {
		return true
	}
	return slices.ContainsFunc(variable.FindAllString(parts[5], -1), func(v string) bool { return !slashFree.MatchString(v) })
}

// slashFree are the variables whose values have no slash: ids that services
// give, and names whose documented characters do not include it.
var slashFree = regexp.MustCompile(`^\$\{(` +
	`[A-Za-z0-9]*(Instance|Volume|Vpc|Subnet|Snapshot|Image|Group|Allocation|Key|Interface|Gateway|Table|Acl|Task|Execution|Certificate|Endpoint|Association|Rule|Fleet)Id` +
	`|BucketName|AccessPointName|TableName|IndexName|StreamLabel|BackupName|GlobalTableName|ExportName|ImportName` +
	`|QueueName|TopicName|FunctionName|StreamName|StateMachineName|ClusterName|ServiceName|UserPoolId|IdentityPoolId|DBInstanceName|DbInstanceName` +
	`)\}$`)

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

// Takes reports whether the action can be about what a pattern names: "*" for
// every action, else a resource of a type the action takes.
func (a *Action) Takes(pattern string) bool {
	return pattern == "*" || len(a.Denoted(pattern)) > 0
}

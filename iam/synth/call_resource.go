package synth

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam/catalog"
)

// filler fills ARN templates from the parameters of one call.
type filler struct {
	place  Place
	params map[string]any
	// missing are the fields that were not there.
	missing set
}

func (t *trace) filler(c *Call) *filler {
	place := t.recording.Place
	place.Region = cmp.Or(c.Region, place.Region)
	place.Account = cmp.Or(c.Account, place.Account)
	return &filler{place: place, params: c.Parameters, missing: set{}}
}

// happened reports whether the circumstance of a permission is there: the name
// of a parameter, at any depth. A circumstance in words cannot be seen in a
// call, and is taken not to be.
func happened(when string, params map[string]any) bool {
	if when == "" {
		return true
	}
	if strings.Contains(when, " ") {
		return false
	}
	return holds(params, when, 0)
}

const maxDepth = 32

func holds(v any, name string, depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if strings.EqualFold(k, name) && inner != nil || holds(inner, name, depth+1) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return holds(inner, name, depth+1) })
	case string: // the statement of a PartiQL call begins with what it does
		word, _, _ := strings.Cut(strings.TrimSpace(v), " ")
		return strings.EqualFold(word, name) && strings.ToUpper(name) == name
	}
	return false
}

// resources returns the ARNs of what the call is about, "*" for an action that
// takes none.
func (f *filler) resources(a *catalog.Action, template string) []string {
	if a.StarOnly() || template == "*" {
		return []string{"*"}
	}
	if found := f.given(a); len(found) > 0 {
		return secretsByName(found, false)
	}
	return secretsByName(f.named(a, template), true)
}

// secretsByName completes the ARNs of secrets that a call does not name whole:
// the service adds a hyphen and six characters of its own to each name, and
// takes an ARN without them in calls, but not in policies (Secrets Manager User
// Guide, "Resources"). What is made from a name never has them; a name may look
// as if it had.
func secretsByName(resources []string, named bool) []string {
	for i, r := range resources {
		id, err := arn.Parse(r)
		name, ok := strings.CutPrefix(id.Resource, "secret:")
		if err != nil || !ok || id.Service != "secretsmanager" || strings.HasSuffix(name, "*") || !named && completeSecret.MatchString(name) {
			continue
		}
		resources[i] += "-??????"
	}
	return resources
}

var completeSecret = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

// named returns the ARNs of what the call names.
func (f *filler) named(a *catalog.Action, template string) []string {
	if strings.HasPrefix(template, "arn:") {
		return f.expand(template)
	}
	if template != "" {
		if found := f.expand(template); len(found) > 0 && !strings.Contains(found[0], "*") {
			return f.whole(a, found)
		}
		clear(f.missing)
	}
	return f.fromReference(a)
}

// given returns the parameters that are whole ARNs of resources the action
// takes.
func (f *filler) given(a *catalog.Action) []string {
	var found []string
	for _, name := range sortedKeys(f.params) {
		s, ok := f.params[name].(string)
		if ok && !strings.ContainsAny(s, "*?$") && usable(a, s) {
			found = append(found, s)
		}
	}
	return found
}

// usable reports whether a text of a recording is the ARN of something the
// action is done with.
func usable(a *catalog.Action, s string) bool {
	id, err := arn.Parse(s)
	return err == nil && arn.ValidPartition(id.Partition) && (id.Account == "" || arn.ValidAccount(id.Account)) && a.Takes(s)
}

func sortedKeys(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// whole makes ARNs of values that may be names: tables and roles are given as
// either.
func (f *filler) whole(a *catalog.Action, values []string) []string {
	var out []string
	for _, v := range values {
		if usable(a, v) {
			out = append(out, v)
			continue
		}
		inner := &filler{place: f.place, params: map[string]any{"Name": v}, missing: f.missing}
		out = append(out, inner.fromReference(a)...)
	}
	return out
}

// fromReference fills the templates of the resources that the action requires.
func (f *filler) fromReference(a *catalog.Action) []string {
	var out []string
	for _, u := range a.Resources {
		if u.Required || !a.NeedsResource() && len(out) == 0 {
			out = append(out, f.expand(u.Resource.Template)...)
		}
	}
	return out
}

// expand fills one template. A variable that has several values, as the keys
// of a bulk delete, gives several ARNs.
func (f *filler) expand(template string) []string {
	out := []string{""}
	rest := template
	for {
		before, after, ok := strings.Cut(rest, "${")
		name, tail, closed := strings.Cut(after, "}")
		if !ok || !closed {
			return each(out, []string{rest})
		}
		out = each(out, []string{before})
		out = each(out, f.value(name))
		rest = tail
		if len(out) > maxCallResources {
			return out[:maxCallResources]
		}
	}
}

// maxCallResources bounds the resources of one call.
const maxCallResources = 1000

func each(left, right []string) []string {
	out := make([]string, 0, len(left)*len(right))
	for _, l := range left {
		for _, r := range right {
			out = append(out, l+r)
		}
	}
	return out
}

// value returns the values of a variable of a template, "*" where there is
// none.
func (f *filler) value(name string) []string {
	if fixed := map[string]string{"Partition": f.place.Partition, "Region": f.place.Region, "Account": f.place.Account}[name]; fixed != "" {
		return []string{fixed}
	}
	if v := f.queue(name); v != "" {
		return []string{v}
	}
	path, trim := strings.CutSuffix(name, " without leading slash")
	if found := find(f.params, strings.Split(path, "."), 0); len(found) > 0 {
		return cleaned(found, trim)
	}
	for _, other := range synonyms(name) {
		if found := find(f.params, []string{other}, 0); len(found) > 0 {
			return cleaned(found, true)
		}
	}
	f.missing[name] = true
	return []string{"*"}
}

// cleaned makes values safe to stand in an ARN: no wildcards or variables of
// policies, of ARNs the last part.
func cleaned(values []string, trim bool) []string {
	for i, v := range values {
		if trim {
			v = strings.TrimPrefix(v, "/")
		}
		if strings.ContainsAny(v, "*?$") {
			v = quoted.Replace(v)
		}
		values[i] = v
	}
	return values
}

// quoted writes characters that mean something in patterns as themselves.
var quoted = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")

// queue takes the ARN and name of a queue from its URL,
// "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME".
func (f *filler) queue(name string) string {
	if name != "QueueArn" && name != "QueueName" {
		return ""
	}
	found := find(f.params, []string{"QueueUrl"}, 0)
	if len(found) == 0 {
		return ""
	}
	u, err := url.Parse(found[0])
	if err != nil {
		return ""
	}
	account, queue, ok := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if !ok || !arn.ValidAccount(account) || strings.ContainsAny(queue, "*?$/") {
		return ""
	}
	if name == "QueueName" {
		return queue
	}
	return arn.ARN{Partition: f.place.Partition, Service: "sqs", Region: cmp.Or(f.place.Region, "*"), Account: account, Resource: queue}.String()
}

// synonyms are other names under which calls give the value of a variable of
// the service reference.
func synonyms(name string) []string {
	list := synonymTable[name]
	for _, suffix := range []string{"Name", "Id"} {
		if base, ok := strings.CutSuffix(name, suffix); ok && base != "" {
			list = append(list, base)
		}
	}
	return append(list, "Name")
}

var synonymTable = map[string][]string{
	"BucketName":                       {"Bucket"},
	"Bucket":                           {"BucketName"},
	"ObjectName":                       {"Key"},
	"LogStreamName":                    {"LogStreamName"},
	"ParameterNameWithoutLeadingSlash": {"Name", "Path"},
	"RoleNameWithPath":                 {"RoleName"},
	"UserNameWithPath":                 {"UserName"},
	"GroupNameWithPath":                {"GroupName"},
	"PolicyNameWithPath":               {"PolicyName"},
	"SecurityGroupId":                  {"GroupId"},
	"Repository":                       {"RepositoryName"},
	"TopicName":                        {"TopicArn"},
}

// find returns the texts at a path of names in parameters, without regard to
// case: recordings differ in it. "[]" after a name goes through a list.
func find(v any, path []string, depth int) []string {
	if depth > maxDepth {
		return nil
	}
	if len(path) == 0 {
		return texts(v)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	name, many := strings.CutSuffix(path[0], "[]")
	var out []string
	for _, k := range sortedKeys(m) {
		if !strings.EqualFold(k, name) {
			continue
		}
		list, isList := m[k].([]any)
		if !many || !isList {
			return find(m[k], path[1:], depth+1)
		}
		for _, one := range list {
			out = append(out, find(one, path[1:], depth+1)...)
		}
	}
	return out
}

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case float64, json.Number:
		return []string{fmt.Sprint(v)}
	}
	return nil
}

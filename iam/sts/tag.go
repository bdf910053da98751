package sts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tag is a tag of a role, a user or a session. Keys are without regard to case,
// and keep the case they were given.
type Tag struct {
	Key, Value string
}

// The bounds of tags (IAM User Guide, "Pass session tags").
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// tagClass is the pattern of keys and values as the vendor prints it.
const tagClass = `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`

// tags adds what is wrong with the tags of a call.
func (c *constraints) tags(tags []Tag, transitive []string) {
	if len(tags) > maxTags {
		c.add("tags", fmt.Sprintf("%d tags", len(tags)), fmt.Sprintf("have length less than or equal to %d", maxTags))
		return
	}
	for i, t := range tags {
		at := fmt.Sprintf("tags.%d.member.", i+1)
		c.required(at+"key", t.Key)
		c.length(at+"key", t.Key, 1, maxTagKey)
		c.tagText(at+"key", t.Key)
		c.length(at+"value", t.Value, 0, maxTagValue)
		c.tagText(at+"value", t.Value)
	}
	if len(transitive) > maxTags {
		c.add("transitiveTagKeys", fmt.Sprintf("%d keys", len(transitive)), fmt.Sprintf("have length less than or equal to %d", maxTags))
		return
	}
	for i, k := range transitive {
		at := fmt.Sprintf("transitiveTagKeys.%d.member", i+1)
		c.required(at, k)
		c.length(at, k, 1, maxTagKey)
		c.tagText(at, k)
	}
}

func (c *constraints) tagText(name, value string) {
	for _, r := range value {
		ok := unicode.IsLetter(r) || unicode.Is(unicode.Z, r) || unicode.IsNumber(r) || r < utf8.RuneSelf && strings.ContainsRune("_.:/=+-@", r)
		if !ok || r == utf8.RuneError {
			c.add(name, value, "satisfy regular expression pattern: "+tagClass)
			return
		}
	}
}

// tagRefusal returns what is wrong with well-formed tags. The keys that are
// inherited are those of the calling session that are transitive.
func tagRefusal(tags []Tag, transitive, inherited []string) *Refusal {
	for i, t := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return refuse(InvalidParameterValue, "Tag keys can't start with 'aws:', which is reserved for the vendor.")
		case hasKey(tags[:i], t.Key):
			return refuse(InvalidParameterValue, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		case containsFold(inherited, t.Key):
			// The guide speaks of a denial. What the service answers is this.
			return refuse(InvalidParameterValue, "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
	}
	for _, k := range transitive {
		if !hasKey(tags, k) {
			return refuse(InvalidParameterValue, "The specified transitive tag key must be included in the requested tags.")
		}
	}
	return nil
}

// tagList returns the tags of a map, sorted by key.
func tagList(tags map[string]string) []Tag {
	var out []Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, Tag{Key: k, Value: tags[k]})
	}
	return out
}

// mergeTags returns the tags with the later ones over the earlier of the same
// key, in whatever case.
func mergeTags(base map[string]string, over ...[]Tag) map[string]string {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]string{}
	}
	for _, t := range slices.Concat(over...) {
		maps.DeleteFunc(out, func(k, _ string) bool { return strings.EqualFold(k, t.Key) })
		out[t.Key] = t.Value
	}
	return out
}

// keysOf returns the keys of tags.
func keysOf(tags []Tag) []string {
	var out []string
	for _, t := range tags {
		out = append(out, t.Key)
	}
	return out
}

// mergeKeys returns the keys of both lists once, sorted.
func mergeKeys(a, b []string) []string {
	var out []string
	for _, k := range slices.Concat(a, b) {
		if !containsFold(out, k) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

func indexKey(tags []Tag, key string) int {
	return slices.IndexFunc(tags, func(t Tag) bool { return strings.EqualFold(t.Key, key) })
}

func hasKey(tags []Tag, key string) bool { return indexKey(tags, key) >= 0 }

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}

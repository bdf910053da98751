package translate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/workflow/expression"
)

// Matcher returns the mappers of an insight as the matcher of a queue, "" where it
// has none and so takes nothing. It is for those who move from insights to
// queues: agendas go to the queue of the insight that [object.Select] chooses.
// A matcher sees the parameters of a run, not those of its operations. The
// error says that it is longer than a matcher may be.
func Matcher(i *object.Insight) (string, error) {
	var parts []string
	for _, mapper := range slices.Sorted(maps.Keys(i.Mappers)) {
		values := i.Mappers[mapper]
		switch {
		case len(values) == 0:
		case strings.EqualFold(mapper, object.MapOperationName):
			parts = append(parts, "steps.exists(s, s.name.lowerAscii() in "+list(values, func(v string) string { return strings.ToLower(StepName(v)) })+")")
		case strings.EqualFold(mapper, object.MapOperationType):
			parts = append(parts, "steps.exists(s, s.type in "+list(values, StepType)+")")
		case strings.EqualFold(mapper, object.MapParams):
			parts = append(parts, paramMatchers(values)...)
		}
	}
	matcher := strings.Join(parts, " || ")
	if len(matcher) > expression.MaxBytes {
		return "", fmt.Errorf("insight %s: its mappers make a matcher of %d bytes, at most %d are read", i.ID, len(matcher), expression.MaxBytes)
	}
	return matcher, nil
}

func list(values []string, of func(string) string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(of(v))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func paramMatchers(values []string) []string {
	var parts []string
	for _, value := range values {
		name, want, ok := strings.Cut(value, "=")
		if ok {
			parts = append(parts, fmt.Sprintf("params.exists(k, k.lowerAscii() == %s && string(params[k]).lowerAscii() == %s)",
				quote(strings.ToLower(name)), quote(strings.ToLower(want))))
		}
	}
	return parts
}

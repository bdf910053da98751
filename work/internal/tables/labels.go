package tables

import (
	"maps"
	"slices"
	"strings"
)

const labelSpecial = "\x00\x1d\x1e\x1f"

// LabelText returns labels as one text, in the order of their keys; "" for
// none. A label is found in it by [LabelPart].
func LabelText(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	var b []byte
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		b = append(b, keyMark)
		b = appendEscaped(b, key, labelSpecial)
		b = append(b, valueMark)
		b = appendEscaped(b, labels[key], labelSpecial)
	}
	return string(append(b, keyMark))
}

// LabelPart returns what [LabelText] contains if and only if the label is
// among them.
func LabelPart(key, value string) string {
	text := LabelText(map[string]string{key: value})
	return text
}

// ParseLabels reads what LabelText wrote; nil for "".
func ParseLabels(text string) map[string]string {
	if text == "" {
		return nil
	}
	labels := map[string]string{}
	for part := range strings.SplitSeq(strings.Trim(text, string(keyMark)), string(keyMark)) {
		key, value, _ := strings.Cut(part, string(valueMark))
		labels[Unescape(key)] = Unescape(value)
	}
	return labels
}

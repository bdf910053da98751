package manifest

import (
	"fmt"
	"strings"
)

// Position is a place in a file.
type Position struct {
	// File is the name the manifest was read under.
	File string
	// Line and Column count from 1, Column in bytes; Line 0 is the file as a
	// whole.
	Line, Column int
}

// String returns "berth.yaml:41:5".
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// RoutePath returns the path of a route by its index: "gateway.routes[2]".
func RoutePath(i int) string { return item("gateway.routes", i) }

// RulePath returns the path of an access rule by its index: "access[2]".
func RulePath(i int) string { return item("access", i) }

// mark is a stretch of one line: a byte column from 1 and a width in bytes.
type mark struct{ line, column, width int }

// parent returns the path of the field around path, "" at the top.
func parent(path string) string {
	if strings.HasSuffix(path, "]") {
		if i := strings.LastIndex(path, "["); i >= 0 {
			return path[:i]
		}
	}
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i]
	}
	return ""
}

// KeyPath returns the path of a key of a mapping: "work.pools.encode", and
// "work.pools[\"gpu.large\"]" where the key has other characters than names have.
func KeyPath(path, key string) string { return below(path, key) }

// below returns the path of a key of a mapping.
func below(path, key string) string {
	if !plainKey(key) {
		return fmt.Sprintf("%s[%q]", path, key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// item returns the path of one item of a list.
func item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func plainKey(key string) bool {
	for _, r := range key {
		if r != '-' && r != '_' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') {
			return false
		}
	}
	return key != ""
}

// Package migration reads the numbered changes of a database's schema that a
// program carries.
//
// Each file is applied once, in the order of its number, which is its name up
// to the first underscore. A released file is never edited.
package migration

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Migration is one change of the schema.
type Migration struct {
	Number int
	Name   string // of its file
	Text   string // its statements
}

// Read returns the migrations in a directory of files, in order. Their numbers
// must be 1, 2, 3 and so on.
func Read(files fs.FS) ([]Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	list := make([]Migration, 0, len(names)) // Glob sorts
	for i, name := range names {
		digits, _, _ := strings.Cut(name, "_")
		if number, err := strconv.Atoi(digits); err != nil || number != i+1 {
			return nil, fmt.Errorf("migration %s: want number %d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		list = append(list, Migration{Number: i + 1, Name: name, Text: string(text)})
	}
	return list, nil
}

// After returns the migrations that a schema of a version lacks. It refuses a
// schema that knows more than this program.
func After(list []Migration, version int) ([]Migration, error) {
	if version > len(list) {
		return nil, fmt.Errorf("schema version %d was written by a newer berth, which knows more than this one's %d: use that one", version, len(list))
	}
	return list[version:], nil
}

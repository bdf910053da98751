package environ

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/berth-project/berth/secret"
)

// MaxFileSize is the largest dotenv file that is read, in bytes.
const MaxFileSize = 1 << 20

// Source is somewhere variables come from.
type Source interface {
	// Name is what people know the source by, as it appears in
	// Variable.Source.
	Name() string
	// Load returns the variables of the source, each name once. It fails rather
	// than returning only some of them. Errors never hold a value.
	Load(ctx context.Context) ([]Variable, error)
}

// File is a source that reads a dotenv file.
type File struct {
	// Path is the path of the file.
	Path string
	// Optional lets the file be absent.
	Optional bool
}

// Name implements [Source]: the path.
func (f File) Name() string { return f.Path }

// Load implements [Source]. What is wrong with the text of the file is
// returned as a [diagnostic.List].
func (f File) Load(ctx context.Context) ([]Variable, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := readFile(f.Path)
	if f.Optional && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("environment file: %w", err)
	}
	entries, problems := ParseDotenv(f.Path, data)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	variables := make([]Variable, len(entries))
	for i, e := range entries {
		variables[i] = Variable{
			Name:      e.Name,
			Value:     e.Value,
			Source:    fmt.Sprintf("%s:%d", f.Path, e.Line),
			Sensitive: Sensitive(e.Name, e.Value.Reveal()),
		}
	}
	return variables, nil
}

// Notes returns what is unwise about the file without being wrong: that other
// users of the machine can read it.
func (f File) Notes() []string {
	info, err := os.Stat(f.Path)
	if err != nil || info.Mode().Perm()&0o044 == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s can be read by other users (mode %#o): chmod 600 %s",
		f.Path, info.Mode().Perm(), filepath.Base(f.Path))}
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("is a directory")}
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxFileSize {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("larger than %d bytes", MaxFileSize)}
	}
	return data, nil
}

// Process is a source of what Berth itself was started with. Printed it is its
// name.
type Process struct {
	// Environ is the environment as [os.Environ] gives it. Of a name given
	// twice the last value counts; entries without a name are skipped.
	Environ []string
}

// Name implements [Source]: "process".
func (Process) Name() string { return "process" }

// Format implements [fmt.Formatter]: the name, for every verb.
func (p Process) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.Name()) }

// MarshalText implements [encoding.TextMarshaler]: the name.
func (p Process) MarshalText() ([]byte, error) { return []byte(p.Name()), nil }

// Load implements [Source]. Values are kept byte for byte.
func (p Process) Load(ctx context.Context) ([]Variable, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	index := make(map[string]int, len(p.Environ))
	variables := make([]Variable, 0, len(p.Environ))
	for _, entry := range p.Environ {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || name == "" {
			continue
		}
		v := Variable{Name: name, Value: secret.New(value), Source: p.Name(), Sensitive: Sensitive(name, value)}
		if i, seen := index[name]; seen {
			variables[i] = v
			continue
		}
		index[name] = len(variables)
		variables = append(variables, v)
	}
	return variables, nil
}

// Inline is a source of values written down where the sources are listed.
// Printed it is its name.
type Inline struct {
	// Label is the name of the source; default "inline".
	Label string
	// Values are the variables; they are loaded in the order of their names.
	Values map[string]string
}

// Name implements [Source].
func (i Inline) Name() string {
	if i.Label == "" {
		return "inline"
	}
	return i.Label
}

// Format implements [fmt.Formatter]: the name, for every verb.
func (i Inline) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.Name()) }

// MarshalText implements [encoding.TextMarshaler]: the name.
func (i Inline) MarshalText() ([]byte, error) { return []byte(i.Name()), nil }

// Load implements [Source]. It fails for names a shell could not use and for
// values a program cannot be given.
func (i Inline) Load(ctx context.Context) ([]Variable, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var errs []error
	variables := make([]Variable, 0, len(i.Values))
	for _, name := range slices.Sorted(maps.Keys(i.Values)) {
		value := i.Values[name]
		if !ValidName(name) {
			errs = append(errs, fmt.Errorf("%s: %q is not a variable name", i.Name(), name))
		}
		if strings.ContainsRune(value, 0) {
			errs = append(errs, fmt.Errorf("%s: the value of %s holds a NUL byte", i.Name(), name))
		}
		variables = append(variables, Variable{
			Name: name, Value: secret.New(value), Source: i.Name(), Sensitive: Sensitive(name, value),
		})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return variables, nil
}

package catalog

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
)

// packed is the content of data/, written by the test of the same name: lines
// of fields between tabs, compressed. The first field says what a line is.
//
//	P prefix                         a documented prefix
//	G key type category              a global condition key
//	S prefix name                    a service; what follows belongs to it
//	K key type                       a condition key
//	R type template keys             a type of resource
//	A name access keys dependent     an action
//	U type required keys dependent   a resource the action takes
//	C call action template when      a permission of an SDK call
//	F call note                      a call that takes no permission
//
// Members of a list are joined by U+001F.
//
//go:embed catalog.gz
var packed []byte

// unpack reads the embedded catalogue. It panics where that is damaged, which
// a test rules out.
func unpack() *Catalog {
	text, err := decompress(packed)
	if err != nil {
		panic(fmt.Sprintf("catalog: the embedded catalogue cannot be read: %v", err))
	}
	u := unpacker{c: &Catalog{
		byPrefix: map[string]*Service{}, prefixes: map[string]bool{},
		calls: map[string][]Permission{}, free: map[string]string{},
	}}
	for line := range strings.Lines(text) {
		u.line(strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return u.c
}

func decompress(data []byte) (string, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if _, err := io.Copy(&b, z); err != nil {
		return "", err
	}
	return b.String(), z.Close()
}

type unpacker struct {
	c       *Catalog
	service *Service
	action  *Action
}

func (u *unpacker) line(f []string) {
	switch f[0] {
	case "P":
		u.c.prefixes[f[1]] = true
	case "G":
		u.c.global = append(u.c.global, newKey(f[1], f[2], f[3]))
	case "S":
		u.service = &Service{Prefix: f[1], Name: f[2], actions: map[string]*Action{}}
		u.c.services = append(u.c.services, u.service)
		u.c.byPrefix[f[1]] = u.service
	case "K":
		u.service.Keys = append(u.service.Keys, newKey(f[1], f[2], ""))
	case "R":
		u.service.Resources = append(u.service.Resources, &Resource{Service: u.service, Type: f[1], Template: f[2], Keys: fields(f[3])})
	case "A":
		u.action = &Action{Service: u.service, Name: f[1], Access: Access(slices.Index(accessNames[:], f[2])), Keys: fields(f[3]), Dependent: fields(f[4])}
		u.service.Actions = append(u.service.Actions, u.action)
		u.service.actions[strings.ToLower(f[1])] = u.action
	case "U":
		r, _ := u.service.Resource(f[1])
		u.action.Resources = append(u.action.Resources, Use{Resource: r, Required: f[2] == "required", Keys: fields(f[3]), Dependent: fields(f[4])})
	case "C":
		name := strings.ToLower(f[1])
		u.c.calls[name] = append(u.c.calls[name], Permission{Action: f[2], Template: f[3], When: f[4]})
	case "F":
		u.c.free[strings.ToLower(f[1])] = f[2]
	}
}

func fields(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\x1f")
}

package catalog

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
)

//go:generate go test -run ^TestPackedIsWhatTheDataSays$ -update .

// packed is the content of data/, compressed: lines of fields between tabs, the
// first of which says what a line is. A test writes it, and another keeps it
// what data/ says.
//
//	N lists resources actions uses  how many there are; the first line
//	L name...                       a list, known by its number from 1 on
//	P prefix                        a documented prefix
//	G key type category             a global condition key
//	S prefix name                   a service; what follows belongs to it
//	K key type                      a condition key
//	R type keys template...         a type of resource
//	A name access keys dependent    an action
//	U resource required keys dependent   a resource the action takes
//	C call action template when     a permission of an SDK call
//	F call                          a call that takes no permission
//
// Lists stand as their numbers and 0 is none; resources as their places in the
// service. Names are in order without regard to case, for which [search] asks.
// All strings are parts of the one text, and equal lists are one slice.
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
	u := unpacker{c: &Catalog{}, lists: [][]string{nil}}
	for text != "" {
		u.rest, text, _ = strings.Cut(text, "\n")
		u.line(u.field())
	}
	return u.c
}

// maxUnpacked is above what the catalogue unpacks to.
const maxUnpacked = 4 << 20

func decompress(data []byte) (string, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if n := len(data); n >= 4 { // gzip ends with the length of what it holds
		b.Grow(min(maxUnpacked, int(data[n-4])|int(data[n-3])<<8|int(data[n-2])<<16|int(data[n-1])<<24))
	}
	if _, err := io.Copy(&b, io.LimitReader(z, maxUnpacked)); err != nil {
		return "", err
	}
	return b.String(), z.Close()
}

// unpacker reads lines. What there is much of comes from slices made once.
type unpacker struct {
	c         *Catalog
	rest      string // of the line
	lists     [][]string
	resources []Resource
	actions   []Action
	uses      []Use
	service   *Service
	action    *Action
}

// field cuts the next field off the line.
func (u *unpacker) field() (f string) {
	f, u.rest, _ = strings.Cut(u.rest, "\t")
	return f
}

func (u *unpacker) number() int {
	n, err := strconv.Atoi(u.field())
	if err != nil {
		panic(fmt.Sprintf("catalog: the embedded catalogue is damaged: %v", err))
	}
	return n
}

func (u *unpacker) list() []string { return u.lists[u.number()] }

func (u *unpacker) fields() []string {
	all := make([]string, 0, strings.Count(u.rest, "\t")+1)
	for u.rest != "" {
		all = append(all, u.field())
	}
	return all
}

func (u *unpacker) line(kind string) {
	switch kind {
	case "N":
		u.lists = append(make([][]string, 0, u.number()+1), nil)
		u.resources = make([]Resource, 0, u.number())
		u.actions = make([]Action, 0, u.number())
		u.uses = make([]Use, 0, u.number())
	case "L":
		u.lists = append(u.lists, u.fields())
	case "P":
		u.c.prefixes = append(u.c.prefixes, u.field())
	case "G":
		u.c.global = append(u.c.global, newKey(u.field(), u.field(), u.field()))
	case "S":
		u.service = &Service{Prefix: u.field(), Name: u.field()}
		u.c.services = append(u.c.services, u.service)
	case "K":
		u.service.Keys = append(u.service.Keys, newKey(u.field(), u.field(), ""))
	case "R":
		u.resource()
	case "A":
		u.actions = append(u.actions, Action{Service: u.service, Name: u.field(), Access: Access(u.number()), Keys: u.list(), Dependent: u.list()})
		u.action = &u.actions[len(u.actions)-1]
		u.service.Actions = append(u.service.Actions, u.action)
	case "U":
		u.use()
	case "C":
		u.permission()
	case "F":
		u.c.calls = append(u.c.calls, call{name: u.field(), free: true})
	}
}

func (u *unpacker) resource() {
	r := Resource{Service: u.service, Type: u.field(), Keys: u.list(), templates: u.fields()}
	r.Template = r.templates[0]
	u.resources = append(u.resources, r)
	u.service.Resources = append(u.service.Resources, &u.resources[len(u.resources)-1])
}

// use adds a resource to the action. Those of one action follow each other, so
// they are one part of the slice of all.
func (u *unpacker) use() {
	u.uses = append(u.uses, Use{Resource: u.service.Resources[u.number()], Required: u.field() != "", Keys: u.list(), Dependent: u.list()})
	n := len(u.action.Resources) + 1
	u.action.Resources = u.uses[len(u.uses)-n : len(u.uses) : len(u.uses)]
}

// permission adds a permission to a call. Those of one call follow each other.
func (u *unpacker) permission() {
	name := u.field()
	if n := len(u.c.calls); n == 0 || u.c.calls[n-1].name != name {
		u.c.calls = append(u.c.calls, call{name: name})
	}
	last := &u.c.calls[len(u.c.calls)-1]
	last.permissions = append(last.permissions, Permission{Action: u.field(), Template: u.field(), When: u.field()})
}

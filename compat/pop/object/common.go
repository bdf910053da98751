package object

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/berth-project/berth/compat/pop/internal/field"
)

// FieldError says that a field of an object has a value of the wrong type.
type FieldError = field.Error

// Common is what every object has.
type Common struct {
	ID string `json:"id,omitempty"`
	// CID is the correlation id.
	CID string `json:"cid,omitempty"`
	// CustomerID is the tenant whose object it is.
	CustomerID  string `json:"customerId,omitempty"`
	Title       string `json:"title,omitempty"`
	AddedTime   int64  `json:"addedTime,omitempty"`
	UpdatedTime int64  `json:"updatedTime,omitempty"`
}

// Head returns the common part of an object, to be read or changed.
func (c *Common) Head() *Common { return c }

// Sharing is what objects have that other customers than their own may see.
type Sharing struct {
	// AllowedCustomerIDs are the customers, in lower case.
	AllowedCustomerIDs []string `json:"allowedCustomerIds,omitempty"`
	// IsGlobal lets every customer see the object.
	IsGlobal bool `json:"isGlobal"`
}

func (s *Sharing) sharing() *Sharing { return s }

// Object is one of the objects: *[Agenda], *[Template], *[Customer], *[Insight],
// *[Pool], *[Progress] or *[OperationProgress].
type Object interface {
	Head() *Common
}

// Kind is what an object is.
type Kind uint8

// The kinds of objects that have an endpoint of their own.
const (
	KindAgenda Kind = iota
	KindTemplate
	KindCustomer
	KindInsight
	KindPool
	KindProgress
	KindOperationProgress
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{KindAgenda, KindTemplate, KindCustomer, KindInsight, KindPool, KindProgress, KindOperationProgress}
}

// facts about kinds, by kind.
var facts = [...]struct {
	path, name string
	make       func() Object
	indexed    []string
}{
	KindAgenda:            {"agenda", "Agenda", func() Object { return &Agenda{} }, []string{"linkId"}},
	KindTemplate:          {"agendatemplate", "AgendaTemplate", func() Object { return &Template{} }, []string{"title"}},
	KindCustomer:          {"customer", "Customer", func() Object { return &Customer{} }, nil},
	KindInsight:           {"insight", "Insight", func() Object { return &Insight{} }, []string{"resourcePoolId"}},
	KindPool:              {"resourcepool", "ResourcePool", func() Object { return &Pool{} }, nil},
	KindProgress:          {"progress/agenda", "AgendaProgress", func() Object { return &Progress{} }, []string{"linkId"}},
	KindOperationProgress: {"progress/operation", "OperationProgress", func() Object { return &OperationProgress{} }, []string{"agendaProgressId"}},
}

// Path is the part of the endpoint's path that names the kind: "progress/agenda".
func (k Kind) Path() string { return facts[k].path }

// String returns the original's name of the kind.
func (k Kind) String() string { return facts[k].name }

// New returns an empty object of the kind.
func (k Kind) New() Object { return facts[k].make() }

// Indexed reports whether the original has an index of that attribute, so that it
// can count by it.
func (k Kind) Indexed(attribute string) bool {
	return attribute == "id" || slices.Contains(facts[k].indexed, attribute)
}

// Attributes lists the names of the fields of an object of the kind.
func (k Kind) Attributes() []string {
	return field.Names(reflect.TypeOf(k.New()).Elem())
}

// Decode reads an object. The error is a *[FieldError] where a field has the wrong
// type.
func (k Kind) Decode(data []byte) (Object, error) {
	o := k.New()
	if err := json.Unmarshal(data, o); err != nil {
		return nil, field.ExplainBody(err)
	}
	return o, nil
}

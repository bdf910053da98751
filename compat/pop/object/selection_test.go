package object_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/object"
	"github.com/berth-project/berth/compat/pop/token"
)

func insight(id, title string, mappers map[string][]string) *object.Insight {
	return &object.Insight{Common: object.Common{ID: id, Title: title}, Mappers: mappers}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	insights := []*object.Insight{
		insight("3", "zebra", map[string][]string{"OPERATIONTYPE": {"encode"}}),
		insight("2", "ant", map[string][]string{"operationType": {"encode"}, "operationName": {"none"}}),
		insight("1", "cat", map[string][]string{"operationName": {"FIRST"}}),
		insight("4", "dog", map[string][]string{"paramMap": {"noequals", "Size=big=er"}}),
		insight("5", "ape", nil),
	}
	for _, c := range []struct {
		agenda         string
		native, quirks string
	}{
		{`{"operations": [{"name": "x", "type": "encode"}]}`, "2", "3"},
		{`{"operations": [{"name": "x", "type": "encode"}], "params": {"defaultInsight": "zebra"}}`, "3", "3"},
		{`{"operations": [{"name": "x", "type": "encode"}], "params": {"defaultInsight": "2"}}`, "2", "2"},
		{`{"operations": [{"name": "x", "type": "encode"}], "params": {"defaultInsight": "cat"}}`, "2", "3"},
		{`{"operations": [{"name": "first", "type": "Encode"}]}`, "1", "1"},
		{`{"operations": [{"name": "x", "params": {"SIZE": "BIG=er"}}]}`, "4", ""},
		{`{"operations": [{"name": "x"}], "params": {"size": "big"}}`, "", "4"},
		{`{"operations": [{"name": "x"}]}`, "", ""},
	} {
		a := decode[object.Agenda](t, []byte(c.agenda))
		for m, want := range map[token.Mode]string{token.Native: c.native, token.Quirks: c.quirks} {
			s, err := object.Select(m, insights, &a)
			got := ""
			if s.Insight != nil {
				got = s.Insight.ID
			}
			if err != nil || got != want || len(s.Considered) != len(insights) {
				t.Errorf("Select for %s, mode %d = %q, %v (%d considered), want %q", c.agenda, m, got, err, len(s.Considered), want)
			}
		}
	}
}

func TestSelectExplains(t *testing.T) {
	t.Parallel()
	a := decode[object.Agenda](t, []byte(`{"operations": [{"name": "x", "type": "encode"}]}`))
	s, err := object.Select(token.Native, []*object.Insight{
		insight("1", "b", map[string][]string{"operationType": {"decode", "encode"}}), insight("2", "a", nil),
	}, &a)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, v := range s.Considered {
		told = append(told, v.Insight.Title+" "+v.Mapper+" "+v.Value)
	}
	if d := cmp.Diff([]string{"a  ", "b operationType encode"}, told); d != "" {
		t.Errorf("considered (-want +got):\n%s", d)
	}
}

func TestSelectWithAnEmptyParameter(t *testing.T) {
	t.Parallel()
	a := decode[object.Agenda](t, []byte(`{"operations": [{"name": "x"}], "params": {"size": ""}}`))
	insights := []*object.Insight{insight("1", "", map[string][]string{"paramMap": {"size="}})}
	if s, err := object.Select(token.Native, insights, &a); err != nil || s.Insight == nil {
		t.Errorf("Select = %v, %v, want the insight", s.Insight, err)
	}
	if _, err := object.Select(token.Quirks, insights, &a); !errors.Is(err, object.ErrMapper) {
		t.Errorf("Select with quirks: %v, want ErrMapper", err)
	}
}

func ExampleSelect() {
	a := &object.Agenda{Operations: []object.Operation{{Name: "encode.1", Type: "encode"}}}
	s, err := object.Select(token.Native, []*object.Insight{
		{Common: object.Common{ID: "1", Title: "encoders"}, Mappers: map[string][]string{"operationType": {"encode"}}},
		{Common: object.Common{ID: "2", Title: "audits"}, Mappers: map[string][]string{"operationName": {"audit"}}},
	}, a)
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Insight.Title)
	for _, v := range s.Considered {
		fmt.Printf("%s: %q %q\n", v.Insight.Title, v.Mapper, v.Value)
	}
	// Output:
	// encoders
	// audits: "" ""
	// encoders: "operationType" "encode"
}

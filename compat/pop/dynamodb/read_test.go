package dynamodb_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/compat/pop/dynamodb"
	"github.com/berth-project/berth/compat/pop/object"
)

func collect[T any](t *testing.T, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var all []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func TestAgendasOfAnExport(t *testing.T) {
	t.Parallel()
	export := `{"Item":{"id":{"S":"a1"},"customerId":{"S":"acme"},"addedTime":{"N":"1700000000000"},"updatedTime":{"N":"-1"},
		"operations":{"S":"[{\"name\":\"encode\",\"type\":\"encode\",\"payload\":{\"x\":\"<&>\",\"n\":1.50},\"params\":null}]"},
		"params":{"S":"{\"maximumAttempts\":2}"},"agendaInsight":{"S":"{\"insightId\":\"i\",\"resourcePoolId\":\"p\"}"},
		"title":{"NULL":true},"linkId":{"S":""},"unknown":{"BOOL":true}}}
	{"Item":{"id":{"S":"a2"},"params":{"M":{"size":{"N":"480"},"tags":{"L":[{"S":"x"}]}}}}}`
	want := []object.Object{
		&object.Agenda{
			Common:        object.Common{ID: "a1", CustomerID: "acme", AddedTime: 1_700_000_000_000},
			Operations:    []object.Operation{{Name: "encode", Type: "encode", Payload: json.RawMessage(`{"x":"<&>","n":1.50}`)}},
			Params:        object.Params{"maximumAttempts": json.RawMessage("2")},
			AgendaInsight: &object.AgendaInsight{ResourcePoolID: "p", InsightID: "i"},
		},
		&object.Agenda{Common: object.Common{ID: "a2"}, Params: object.Params{"size": json.RawMessage("480"), "tags": json.RawMessage(`["x"]`)}},
	}
	if d := cmp.Diff(want, collect(t, dynamodb.Objects(strings.NewReader(export), object.KindAgenda))); d != "" {
		t.Errorf("agendas (-want +got):\n%s", d)
	}
}

func TestOtherTablesOfAScan(t *testing.T) {
	t.Parallel()
	insights := `{"Items":[
		{"id":{"S":"i1"},"isGlobal":{"N":"1"},"queueSize":{"N":"10"},"schedulingAlgorithm":{"S":"RoundRobin"},
		 "allowedCustomerIds":{"SS":["a","b"]},"mappers":{"M":{"operationType":{"SS":["encode"]}}}},
		{"id":{"S":"i2"},"isGlobal":{"BOOL":false}}],"Count":2,"ScannedCount":2,"ConsumedCapacity":null}`
	want := []object.Object{
		&object.Insight{
			Common: object.Common{ID: "i1"}, Sharing: object.Sharing{AllowedCustomerIDs: []string{"a", "b"}, IsGlobal: true},
			QueueSize: 10, Algorithm: object.RoundRobin, Mappers: map[string][]string{"operationType": {"encode"}},
		},
		&object.Insight{Common: object.Common{ID: "i2"}},
	}
	if d := cmp.Diff(want, collect(t, dynamodb.Objects(strings.NewReader(insights), object.KindInsight))); d != "" {
		t.Errorf("insights (-want +got):\n%s", d)
	}
	progress := `{"Items":[{"id":{"S":"p1-a"},"operation":{"S":"a"},"processingState":{"S":"COMPLETE"},"resultPayload":{"S":"{\"x\":1}"},
		"percentComplete":{"N":"99.5"},"startedTime":{"N":"-1"},"diagnosticEvents":{"S":"[{\"message\":\"m\",\"payload\":{\"k\":1}}]"}}]}`
	percent := 99.5
	wantProgress := []object.Object{&object.OperationProgress{
		Common: object.Common{ID: "p1-a"}, Operation: "a", State: object.Complete, ResultPayload: `{"x":1}`, PercentComplete: &percent,
		Diagnostics: []object.DiagnosticEvent{{Message: "m", Payload: json.RawMessage(`{"k":1}`)}},
	}}
	if d := cmp.Diff(wantProgress, collect(t, dynamodb.Objects(strings.NewReader(progress), object.KindOperationProgress))); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
	template := `{"Item":{"id":{"S":"t"},"agenda":{"S":"{\"operations\":[]}"},"staticParameters":{"S":"{\"a\":1}"},"isDefaultTemplate":{"N":"0"}}}`
	got := collect(t, dynamodb.Objects(strings.NewReader(template), object.KindTemplate))[0].(*object.Template)
	if string(got.Agenda) != `{"operations":[]}` || got.StaticParameters.Text("a") != "1" || got.IsDefault {
		t.Errorf("template = %+v", got)
	}
}

func TestWaitingList(t *testing.T) {
	t.Parallel()
	rows := `{"Item":{"id":{"S":"r"},"agendaId":{"S":"a"},"insightId":{"S":"i"},"customerId":{"S":"c"},"added":{"N":"5"},"insightIdCustomerIdComposite":{"S":"ic"}}}`
	want := []*object.Ready{{ID: "r", AgendaID: "a", InsightID: "i", CustomerID: "c", Added: 5}}
	if d := cmp.Diff(want, collect(t, dynamodb.Ready(strings.NewReader(rows)))); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

func TestErrorsSayWhichItem(t *testing.T) {
	t.Parallel()
	good := `{"Item":{"id":{"S":"a"}}}`
	for export, want := range map[string]string{
		good + `{"Item":{"id":{"S":"b"},"operations":{"S":"[{"}}}`: "item 2: operations: text",
		good + `{"Item":{"id":{"B":"AA=="}}}`:                      "item 2: id: no value",
		good + `{"Item":{"title":{"S":"x"}}}`:                      "item 2: there is no id",
		good + `{"Item":{"id":{"S":"b"},"title":{"N":"1"}}}`:       "item 2: title is of type number",
		good + `{"Item":{"id":{"S":"b"},"addedTime":{"N":"x"}}}`:   `item 2: addedTime: "x" is no number`,
		`[1]`:                         "stands where",
		`{"Items":{}}`:                "want an array",
		good + `{`:                    "EOF",
		good + `{"Item":{"id":"x"}}`:  "item 2: its attributes are not",
		good + `{"Item":{"id":{"S":"`: "EOF",
	} {
		var err error
		n := 0
		for _, e := range dynamodb.Objects(strings.NewReader(export), object.KindAgenda) {
			if err = e; e == nil {
				n++
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", export, err, want)
		}
		if strings.HasPrefix(export, good) && n != 1 {
			t.Errorf("%s: %d items before the error, want 1", export, n)
		}
	}
}

func TestReadingGoesOnBehindAnItem(t *testing.T) {
	t.Parallel()
	export := `{"Items": [
	{"id": {"S": "a"},
	 "customerId": {"S": "acme"}},
	{"id": {"S": "b"}, "operations": {"S": "["}}, {"id": {"S": "c"}, "title": {"N": "1"}},

	{"title": {"S": "x"}},
	{"id": {"S": "d"}}
]}`
	var got []string
	for it, err := range dynamodb.Items(strings.NewReader(export), object.KindAgenda) {
		var wrong *dynamodb.ItemError
		switch {
		case err == nil:
			got = append(got, fmt.Sprintf("%d:%d %s", it.Number, it.Line, it.Object.Head().ID))
		case errors.As(err, &wrong):
			got = append(got, fmt.Sprintf("%d:%d %s.%s: %v", wrong.Item, wrong.Line, wrong.ID, wrong.Field, wrong.Err))
		default:
			t.Fatal(err)
		}
	}
	want := []string{
		"1:2 a", `2:4 b.operations: text "[" is no JSON`, "3:4 c.title: title is of type number, want a string", "4:6 .: there is no id", "5:7 d",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("items (-want +got):\n%s", d)
	}
}

func TestAnItemIsBounded(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader(`{"Item":{"id":{"S":"`), io.LimitReader(repeat('x'), 2*dynamodb.MaxItem))
	for _, err := range dynamodb.Objects(endless, object.KindAgenda) {
		if err == nil || !strings.Contains(err.Error(), "larger than") {
			t.Errorf("an item without end: %v", err)
		}
	}
	// Many items that are larger together are read.
	item := `{"Item":{"id":{"S":"` + strings.Repeat("x", 1<<20) + `"}}}` + "\n"
	if n := len(collect(t, dynamodb.Objects(strings.NewReader(strings.Repeat(item, 12)), object.KindAgenda))); n != 12 {
		t.Errorf("read %d items, want 12", n)
	}
}

// repeat is a stream of one byte.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestReadingStops(t *testing.T) {
	t.Parallel()
	n := 0
	for range dynamodb.Objects(strings.NewReader(`{"Items":[{"id":{"S":"a"}},{"id":{"S":"b"}}]}`), object.KindAgenda) {
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d items after the reader stopped, want 1", n)
	}
}

func FuzzObjects(f *testing.F) {
	f.Add(`{"Items":[{"id":{"S":"a"},"params":{"S":"{}"},"mappers":{"M":{"x":{"SS":["y"]}}},"isGlobal":{"N":"1"}}]}`)
	f.Add(`{"Item":{"id":{"S":"a"},"l":{"L":[{"NS":["1"]},{"NULL":true}]}}}{"Item":{}}`)
	f.Fuzz(func(t *testing.T, export string) {
		for _, k := range object.Kinds() {
			for o, err := range dynamodb.Objects(strings.NewReader(export), k) {
				if err == nil && o.Head().ID == "" {
					t.Errorf("%q gives an object without id", export)
				}
			}
		}
		for range dynamodb.Ready(strings.NewReader(export)) {
			continue
		}
	})
}

func ExampleObjects() {
	export := strings.NewReader(`{"Item": {"id": {"S": "acme"}, "title": {"S": "Acme"}, "resourcePoolId": {"S": "pool-1"}}}`)
	for o, err := range dynamodb.Objects(export, object.KindCustomer) {
		if err != nil {
			panic(err)
		}
		customer := o.(*object.Customer)
		fmt.Println(customer.ID, customer.Title, customer.ResourcePoolID)
	}
	// Output: acme Acme pool-1
}

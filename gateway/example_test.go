package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/gateway"
)

// A gateway answers with the table that is in place; a table also says what it
// would answer.
func Example() {
	policy, err := access.Compile([]access.Rule{
		{ID: "home", Path: "/", Allow: access.Requirement{Kind: access.Anyone}},
		{ID: "members", Path: "/members/**", Allow: access.Requirement{Kind: access.SignedIn}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	table, err := gateway.NewTable(gateway.Config{
		Hosts:  []string{"example.com"},
		Access: policy,
		Routes: []gateway.Route{
			{Name: "home", Pattern: "/**", Redirect: gateway.Redirect{To: "https://www.example.com{path}"}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := gateway.New(gateway.Dependencies{})
	if err != nil {
		fmt.Println(err)
		return
	}
	g.Swap(table)

	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://example.com/?page=2", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))

	e := table.Explain(gateway.ExplainRequest{Host: "example.com", Target: "/members/list"})
	fmt.Println(e.Status, e.Code, e.Rules.Decision.RuleID)
	// Output:
	// 308 https://www.example.com/?page=2
	// 401 sign_in_required members
}

package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/iam/source"
)

// Bounds of what the pages of IAM take, in bytes. A question of policies does
// not fit into an address, so these forms are POSTs; they change nothing.
const (
	maxPolicyForm = 1 << 20
	maxPolicyBox  = 256 << 10
	// maxBoxPolicies is how many policies of one layer there may be; quotas are
	// far below.
	maxBoxPolicies = 100
	// maxTrace is how many statements the form for programs tells of.
	maxTrace = 500
	// maxLink is how long the address of a question may be to be offered.
	maxLink = 6000
)

// policyBox is one text area of the form: policies of one layer.
type policyBox struct {
	// Name is the field, Label what people read.
	Name, Label, Hint string
	Text              string
	// Problems are what is wrong with the text, each with its place.
	Problems []string

	kind iam.Kind
}

func policyBoxes() []policyBox {
	return []policyBox{
		{Name: "identity", Label: "Policies of the caller", Hint: "one or several, one after the other", kind: iam.IdentityPolicy},
		{Name: "resource-policy", Label: "Policy of the resource", Hint: "a bucket, queue or key policy, or the trust policy of a role", kind: iam.ResourcePolicy},
		{Name: "boundary", Label: "Permissions boundary", kind: iam.BoundaryPolicy},
		{Name: "session", Label: "Session policies", kind: iam.SessionPolicy},
		{Name: "scp", Label: "Service control policies", Hint: "of one level", kind: iam.ServiceControlPolicy},
		{Name: "rcp", Label: "Resource control policies", Hint: "of one level", kind: iam.ResourceControlPolicy},
		{Name: "endpoint", Label: "Endpoint policy", kind: iam.EndpointPolicy},
	}
}

// simulation is the page: the question, and the answer when it was asked.
type simulation struct {
	Principal string `json:"principal"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	// Account owns the resource.
	Account string `json:"resourceAccount"`
	// Target is what the resource is where the rules differ; empty is told by
	// action and resource.
	Target  string   `json:"target,omitempty"`
	Targets []string `json:"-"`
	// Context are lines of KEY = VALUE.
	Context string           `json:"context,omitempty"`
	Boxes   []policyBox      `json:"-"`
	Problem string           `json:"problem,omitempty"`
	Answer  *iam.Explanation `json:"answer,omitempty"`
	// Message is what the vendor's services would say.
	Message string `json:"message,omitempty"`
	// Why is the reason of the answer in words.
	Why string `json:"why,omitempty"`
	// Layers are the answer as a tree.
	Layers []layerView `json:"-"`
	// Suggestions are statements that would allow the request.
	Suggestions []suggestionView `json:"-"`
	policies    map[string][]pastedPolicy
}

// pastedPolicy is a policy and where in its box it stands.
type pastedPolicy struct {
	*iam.Policy
	found *source.Found
}

// targets are the resources with stricter rules, as the command line calls them.
var targets = [...]string{"role-trust", "kms-key"}

type suggestionView struct{ To, Statement string }

func (c *Console) iamSimulate(r *http.Request) (*page, *fault) {
	if f := readForm(r); f != nil {
		return nil, f
	}
	s := simulation{
		Principal: strings.TrimSpace(r.FormValue("principal")), Action: strings.TrimSpace(r.FormValue("action")),
		Resource: strings.TrimSpace(r.FormValue("resource")), Account: strings.TrimSpace(r.FormValue("account")),
		Context: r.FormValue("context"), Target: r.FormValue("target"), Targets: targets[:],
		Boxes: policyBoxes(), policies: map[string][]pastedPolicy{},
	}
	if s.Target != "" && !slices.Contains(s.Targets, s.Target) {
		return nil, invalid("The target is role-trust or kms-key, or is left out.")
	}
	params := []string{"principal", "action", "resource", "account", "context", "target"}
	for i := range s.Boxes {
		b := &s.Boxes[i]
		b.Text = r.FormValue(b.Name)
		params = append(params, b.Name)
	}
	link := ""
	if s.Action != "" {
		s.ask(c.src.Now())
		link = c.linkTo(r, "/iam/simulate", params)
	}
	p := &page{
		title: "Decide a request", template: "iam_simulate", room: "/iam/simulate", up: "/",
		params: params, command: s.command(), link: link, data: s,
	}
	p.twin = twinOf(r, "/iam/simulate.json")
	return p, nil
}

// twinOf is the twin of a page that also answers to a POST: the answer to a form
// has no address at which a link could lead to it.
func twinOf(r *http.Request, path string) string {
	if r.Method == http.MethodPost && !strings.HasSuffix(r.URL.Path, ".json") {
		return ""
	}
	return path
}

// readForm reads the fields of a form, which may be long.
func readForm(r *http.Request) *fault {
	if err := r.ParseForm(); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return &fault{status: http.StatusRequestEntityTooLarge, code: "too_large", text: "The form holds more than 1 MiB."}
		}
		return invalid("The form cannot be read.")
	}
	for _, values := range r.Form {
		if len(values[0]) > maxPolicyBox {
			return &fault{status: http.StatusRequestEntityTooLarge, code: "too_large", text: "A field holds more than 256 KiB."}
		}
	}
	return nil
}

// linkTo is the address of the question, empty where it is too long.
func (c *Console) linkTo(r *http.Request, path string, params []string) string {
	link := c.path(path, known(r.Form, params))
	if len(link) > maxLink {
		return ""
	}
	return link
}

// ask decides the question. What is wrong with a policy is told at its box, and
// nothing is answered: an answer from half of the policies would mislead.
func (s *simulation) ask(now time.Time) {
	for _, field := range []string{s.Principal, s.Action, s.Resource, s.Account, s.Context} {
		if len(field) > maxQuestion {
			s.Problem = "A field of the question is longer than 8 KiB."
			return
		}
	}
	broken := false
	for i := range s.Boxes {
		b := &s.Boxes[i]
		s.policies[b.Name] = b.read(s.trust())
		broken = broken || len(b.Problems) > 0
	}
	req, err := s.request(now)
	switch {
	case err != "":
		s.Problem = err
		return
	case broken:
		s.Problem = "A policy cannot be used; what is wrong stands at its box."
		return
	}
	set := s.set()
	x := set.Explain(req)
	s.Answer = &x
	if !x.Allowed() {
		s.Message = x.Message()
	}
	s.Why = reasons[x.Reason]
	s.Layers = layersOf(s.places(), &x)
	if len(x.Trace) > maxTrace {
		x.Trace = nil
	}
	for _, sug := range x.Suggest {
		s.Suggestions = append(s.Suggestions, suggestionView{To: sug.To.String(), Statement: statementText(&sug.Statement)})
	}
}

// trust reports whether the question is about assuming a role.
func (s *simulation) trust() bool {
	if s.Target != "" {
		return s.Target == targets[0]
	}
	id, err := arn.Parse(s.Resource)
	return err == nil && id.Service == "iam" && strings.HasPrefix(id.Resource, "role/") && strings.HasPrefix(strings.ToLower(s.Action), "sts:")
}

// read finds the policies in a box.
func (b *policyBox) read(trust bool) []pastedPolicy {
	if strings.TrimSpace(b.Text) == "" {
		return nil
	}
	kind := b.kind
	if kind == iam.ResourcePolicy && trust {
		kind = iam.TrustPolicy
	}
	file, err := source.Find("", []byte(b.Text))
	if err != nil {
		b.Problems = append(b.Problems, err.Error())
		return nil
	}
	if len(file.Policies) > maxBoxPolicies {
		b.Problems = append(b.Problems, fmt.Sprintf("There are %d policies in this text; at most %d are taken.", len(file.Policies), maxBoxPolicies))
		return nil
	}
	var out []pastedPolicy
	for _, found := range file.Policies {
		p, problems := iam.Read(found.Text, iam.ParseOptions{Kind: kind, Lenient: true})
		for _, problem := range problems {
			if problem.Tolerated {
				continue
			}
			at := found.Position(problem.Span.Start)
			b.Problems = append(b.Problems, at.String()+": "+problem.Message+helpOf(problem.Help))
		}
		out = append(out, pastedPolicy{p, found})
	}
	if len(out) == 0 {
		b.Problems = append(b.Problems, "There is no policy in this text.")
	}
	if len(out) > 1 && b.single() {
		b.Problems = append(b.Problems, "One policy is taken here.")
	}
	return out
}

// single reports whether the layer has one policy.
func (b *policyBox) single() bool {
	return slices.Contains([]string{"resource-policy", "boundary", "endpoint"}, b.Name)
}

func helpOf(help string) string {
	if help == "" {
		return ""
	}
	return " (" + help + ")"
}

// set is the policies of the question as the evaluator takes them.
func (s *simulation) set() *iam.PolicySet {
	compiled := func(name string) []*iam.Compiled {
		var out []*iam.Compiled
		for _, p := range s.policies[name] {
			out = append(out, iam.Compile(p.Policy))
		}
		return out
	}
	one := func(name string) *iam.Compiled {
		if list := compiled(name); len(list) > 0 {
			return list[0]
		}
		return nil
	}
	set := &iam.PolicySet{
		Identity: compiled("identity"), Session: compiled("session"), Resource: one("resource-policy"),
		Boundary: one("boundary"), Endpoint: one("endpoint"),
	}
	if scps := compiled("scp"); scps != nil {
		set.SCPs = [][]*iam.Compiled{scps}
	}
	if rcps := compiled("rcp"); rcps != nil {
		set.RCPs = [][]*iam.Compiled{rcps}
	}
	if s.trust() {
		set.Target = iam.RoleTrust
	}
	if s.key() {
		set.Target = iam.KMSKey
	}
	return set
}

// key reports whether the question is about a KMS key.
func (s *simulation) key() bool {
	if s.Target != "" {
		return s.Target == targets[1]
	}
	id, err := arn.Parse(s.Resource)
	return err == nil && id.Service == "kms" && strings.HasPrefix(id.Resource, "key/") && strings.HasPrefix(strings.ToLower(s.Action), "kms:")
}

// someAccount is the account of a caller about whom nothing is said.
const someAccount = "111122223333"

// request is the question as the evaluator takes it; the text says what is
// wrong with it.
func (s *simulation) request(now time.Time) (*iam.Request, string) {
	if prefix, name, ok := strings.Cut(s.Action, ":"); !ok || prefix == "" || name == "" || strings.ContainsAny(s.Action, "*? ") {
		return nil, "The action is one action, such as s3:GetObject."
	}
	resource, account := s.Resource, s.Account
	if resource == "" {
		resource = "*"
	}
	if id, err := arn.Parse(resource); err == nil && account == "" {
		account = id.Account
	} else if err != nil && resource != "*" {
		return nil, "The resource: " + err.Error() + "."
	}
	if account != "" && !arn.ValidAccount(account) {
		return nil, "The account of the resource has 12 digits."
	}
	who := iam.Principal{Kind: iam.User, Account: account}
	if account == "" {
		who.Account = someAccount
	}
	who.ARN = "arn:aws:iam::" + who.Account + ":user/someone"
	if s.Principal != "" {
		var err error
		if who, err = iam.ParsePrincipal(s.Principal); err != nil {
			return nil, err.Error()
		}
	}
	context, problem := s.contextOf(who, cmp.Or(account, who.Account), now)
	account = cmp.Or(account, who.Account, someAccount)
	return &iam.Request{Principal: who, Action: s.Action, Resource: resource, ResourceAccount: account, Context: context}, problem
}

// contextOf is what follows from the caller and the clock, and over it what the
// form says. A key on several lines is multivalued, and
// so is one that the catalogue knows as such.
func (s *simulation) contextOf(who iam.Principal, account string, now time.Time) (iam.Context, string) {
	context := iam.DeriveContext(iam.Facts{
		Principal: who, Time: now, Call: iam.CallFacts{TLS: true}, Resource: iam.ResourceFacts{Account: account},
	})
	given := map[string][]string{}
	for line := range strings.Lines(s.Context) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if !ok || !strings.Contains(key, ":") {
			return context, "The context is lines of KEY = VALUE, such as aws:SourceIp = 203.0.113.7."
		}
		key = strings.ToLower(key)
		given[key] = append(given[key], strings.TrimSpace(value))
	}
	for key, values := range given {
		if known, ok := catalog.Default().Key(key); len(values) == 1 && !(ok && known.Multi) {
			context.Set(key, values[0])
			continue
		}
		context.SetMulti(key, values...)
	}
	return context, ""
}

// command asks the same in a terminal, with files for the boxes.
func (s *simulation) command() string {
	words := []string{"berth iam simulate"}
	flags := map[string]string{"identity": "--policy"}
	for _, b := range s.Boxes {
		if b.Text == "" {
			continue
		}
		flag := flags[b.Name]
		if flag == "" {
			flag = "--" + b.Name
		}
		words = append(words, flag, b.Name+".json")
	}
	for _, pair := range [][2]string{{"--principal", s.Principal}, {"--action", s.Action}, {"--resource", s.Resource}, {"--resource-account", s.Account}, {"--target", s.Target}} {
		if pair[1] != "" {
			words = append(words, pair[0], quote(pair[1]))
		}
	}
	for line := range strings.Lines(s.Context) {
		if key, value, ok := strings.Cut(line, "="); ok {
			words = append(words, "--context", quote(strings.TrimSpace(key)+"="+strings.TrimSpace(value)))
		}
	}
	if s.Action == "" {
		words = append(words, "--policy FILE --action ACTION --resource ARN")
	}
	return strings.Join(words, " ")
}

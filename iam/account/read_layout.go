package account

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/arn"
	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/internal/jsonsource"
)

// place is where in the layout a file stands.
type place struct {
	account string // by the folder; empty where there is none
	root    string // the folder of the account
	folder  string // "roles"; empty for account.json
	level   string // of scps and rcps
	name    string // of the file, without the extension
}

// folders are those of the layout, and whether they have levels.
var folders = map[string]bool{
	"users": false, "groups": false, "roles": false, "policies": false, "resources": false, "scps": true, "rcps": true,
}

// placeOf returns the place of a file; ok is false for one that is not part of
// the layout.
func placeOf(file string) (p place, ok bool) {
	parts := strings.Split(file, "/")
	last := len(parts) - 1
	p.name = strings.TrimSuffix(parts[last], ".json")
	if parts[last] == "account.json" {
		return p.below(parts[:last]), true
	}
	for i := last - 1; i >= 0; i-- {
		levels, known := folders[parts[i]]
		if !known {
			continue
		}
		between := parts[i+1 : last]
		if !levels && len(between) > 0 {
			// Names of users, roles and policies may have a path.
			p.name = strings.Join(between, "/") + "/" + p.name
		}
		p.folder, p.level = parts[i], strings.Join(between, "/")
		return p.below(parts[:i]), true
	}
	return place{}, false
}

// below completes a place by the folders above it.
func (p place) below(parts []string) place {
	p.root = strings.Join(parts, "/")
	if n := len(parts); n > 0 && arn.ValidAccount(parts[n-1]) {
		p.account = parts[n-1]
	}
	return p
}

// laidOut takes a file of the layout for later: its account may be said by a
// file that is read after it.
func (r *reader) laidOut(at place, root *jsonsource.Node) {
	if at.folder == "" {
		r.aboutAccount(at, root)
		return
	}
	r.later = append(r.later, deferred{at, r.name, r.doc, root})
}

// deferred is a file of the layout.
type deferred struct {
	at   place
	name string
	doc  *jsonsource.Document
	root *jsonsource.Node
}

// aboutAccount reads account.json.
func (r *reader) aboutAccount(at place, n *jsonsource.Node) {
	id := at.account
	if given := text(n, "account"); given != "" {
		id = given
	}
	if !arn.ValidAccount(id) {
		r.problem(n, "account.json does not say which account it is about", `write {"account": "210987654321"}`)
		return
	}
	r.only(n, "account", "organization", "organizationPaths", "management")
	r.roots[at.root] = id
	a := r.account(id)
	a.orgID = text(n, "organization")
	items(n.Lookup("organizationPaths"), func(p *jsonsource.Node) { a.orgPaths = append(a.orgPaths, p.Text) })
	if m := n.Lookup("management"); m != nil {
		a.management = m.Text == "true"
	}
}

// only says of members that are none of the names.
func (r *reader) only(n *jsonsource.Node, names ...string) {
	for i := range n.Members {
		known := false
		for _, name := range names {
			known = known || n.Members[i].Name == name
		}
		if !known {
			r.problem(&n.Members[i].Value, fmt.Sprintf("%q is no member this reader knows", clip(n.Members[i].Name)), "it reads "+strings.Join(names, ", "))
		}
	}
}

// layout reads the files of the layout, once all accounts are known.
func (r *reader) layout() {
	for _, f := range r.later {
		r.name, r.doc = f.name, f.doc
		id := f.at.account
		if id == "" {
			id = r.roots[f.at.root]
		}
		if id == "" {
			id = accountOf(text(f.root, "arn"))
		}
		if id == "" {
			r.problem(f.root, "file does not say which account it is about", `write account.json, or put it below a folder with the number of the account`)
			continue
		}
		r.account(id)
		switch f.at.folder {
		case "users":
			r.only(f.root, "arn", "id", "groups", "policies", "boundary", "tags")
			r.keep(f.root, r.written(f, id, "user", iam.User, iam.InlineUserPolicy), false)
		case "groups":
			r.only(f.root, "arn", "id", "policies")
			r.keep(f.root, r.written(f, id, "group", iam.Anonymous, iam.InlineGroupPolicy), true)
		case "roles":
			r.only(f.root, "arn", "id", "trust", "policies", "boundary", "tags", "maxSessionDuration")
			r.keep(f.root, r.written(f, id, "role", iam.AssumedRole, iam.InlineRolePolicy), false)
		case "policies":
			r.writtenPolicy(f, id)
		case "resources":
			r.writtenResource(f, id)
		case "scps":
			r.writtenControl(f, id, iam.ServiceControlPolicy)
		case "rcps":
			r.writtenControl(f, id, iam.ResourceControlPolicy)
		}
	}
}

// written reads a user, group or role of the layout.
func (r *reader) written(f deferred, id, word string, kind iam.PrincipalKind, inline iam.Kind) *draft {
	n := f.root
	d := &draft{Principal: Principal{Kind: kind, ARN: text(n, "arn"), ID: text(n, "id")}}
	if d.ARN == "" {
		d.ARN = "arn:aws:iam::" + id + ":" + word + "/" + f.at.name
	}
	label := localName(d.ARN)
	items(n.Lookup("groups"), func(g *jsonsource.Node) { d.Groups = append(d.Groups, g.Text) })
	count := 0
	items(n.Lookup("policies"), func(p *jsonsource.Node) {
		switch {
		case p.Kind == jsonsource.String:
			d.attached = append(d.attached, p.Text)
		case p.Lookup("document") != nil:
			r.inline(d, label+"/"+text(p, "name"), p.Lookup("document"), inline)
		default:
			r.inline(d, label+"/policies["+strconv.Itoa(count)+"]", p, inline)
		}
		count++
	})
	d.boundary = text(n, "boundary")
	if tags := n.Lookup("tags"); tags != nil {
		d.Tags = map[string]string{}
		for i := range tags.Members {
			d.Tags[tags.Members[i].Name] = tags.Members[i].Value.Text
		}
	}
	if kind == iam.AssumedRole {
		d.Trust = r.compile(n.Lookup("trust"), "trust of "+label, iam.ParseOptions{Kind: iam.TrustPolicy})
	}
	if s := n.Lookup("maxSessionDuration"); s != nil {
		d.MaxSessionSeconds, _ = strconv.Atoi(s.Text)
	}
	return d
}

func (r *reader) writtenPolicy(f deferred, id string) {
	n, name := f.root, "arn:aws:iam::"+id+":policy/"+f.at.name
	if d := n.Lookup("document"); d != nil {
		if given := text(n, "arn"); given != "" {
			name = given
		}
		n = d
	}
	if c := r.compile(n, localName(name), iam.ParseOptions{Kind: iam.IdentityPolicy}); c != nil {
		r.managed[name] = c
	}
}

func (r *reader) writtenResource(f deferred, id string) {
	r.only(f.root, "arn", "policy", "account")
	res := &resource{arn: text(f.root, "arn"), account: id}
	if given := text(f.root, "account"); given != "" {
		res.account = given
	}
	if res.arn == "" {
		r.problem(f.root, "file does not say which resource it is about", `write {"arn": …, "policy": …}`)
		return
	}
	policy := f.root.Lookup("policy")
	if policy != nil && policy.Kind == jsonsource.Null {
		res.policy = iam.Compile(&iam.Policy{Kind: iam.ResourcePolicy, Version: iam.Version2012})
	} else {
		res.policy = r.compile(policy, res.arn, iam.ParseOptions{Kind: iam.ResourcePolicy, ResourceType: resourceType(res.arn)})
	}
	if res.policy == nil {
		r.problem(f.root, "resource has no policy that could be read", `write it as "policy", or null where it has none`)
		return
	}
	r.snapshot.resources[res.arn] = res
}

// resourceType returns what the resource of an ARN is, as parsing its policy
// asks, where that makes a difference.
func resourceType(name string) string {
	parts, _ := arn.Split(name)
	switch service := parts[arn.ServiceComponent]; service {
	case "s3":
		return "s3:bucket"
	case "kms":
		return "kms:key"
	case "ecr", "ecr-public":
		return service + ":repository"
	}
	return ""
}

func (r *reader) writtenControl(f deferred, id string, kind iam.Kind) {
	c := r.compile(f.root, f.at.folder+"/"+strings.TrimPrefix(f.at.level+"/"+f.at.name, "/"), iam.ParseOptions{Kind: kind})
	if c != nil {
		r.controls[control{id, kind, f.at.level, f.at.name}] = c
	}
}

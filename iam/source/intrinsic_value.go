package source

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/internal/jsonsource"
)

// known notes a substitution at an offset of the file.
func (r *resolver) known(from int, expression, standIn string) value {
	r.subs = append(r.subs, Substitution{At: r.in.position(from), Expression: printable(expression, 200), StandIn: printable(standIn, 200)})
	var b builder
	b.put(standIn, from)
	r.spend(len(standIn))
	return value{form: str, text: b.text()}
}

func (r *resolver) ref(name string, n *jsonsource.Node, p place) value {
	return r.named(name, r.t.origin(n.Start), "Ref "+name, p)
}

// named returns the value of a parameter, resource or pseudo parameter.
func (r *resolver) named(name string, from int, expression string, p place) value {
	if v, ok := pseudo[name]; ok {
		return r.known(from, expression, v)
	}
	if parameter := r.tpl.parameters[name]; parameter != nil {
		return r.parameter(name, parameter, from, expression, p)
	}
	if typ := r.tpl.typeOf(name); typ != "" {
		return r.known(from, expression, r.reference(name, typ, p))
	}
	return r.known(from, expression, standIn(name, p))
}

// pseudo are the pseudo parameters.
var pseudo = map[string]string{
	"AWS::AccountId":        StandInAccount,
	"AWS::Region":           StandInRegion,
	"AWS::Partition":        StandInPartition,
	"AWS::URLSuffix":        standInSuffix,
	"AWS::StackName":        "stack",
	"AWS::StackId":          "arn:aws:cloudformation:" + StandInRegion + ":" + StandInAccount + ":stack/stack/" + standInUUID,
	"AWS::NotificationARNs": "arn:aws:sns:" + StandInRegion + ":" + StandInAccount + ":notifications",
}

// parameter returns a parameter's default, or else a stand-in.
func (r *resolver) parameter(name string, n *jsonsource.Node, from int, expression string, p place) value {
	typ := ""
	if t := n.Lookup("Type"); t != nil {
		typ = t.Text
	}
	many := typ == "CommaDelimitedList" || strings.HasPrefix(typ, "List<")
	text := standIn(name, p)
	if strings.HasPrefix(typ, "AWS::EC2::") {
		text = byWord(folded(typ), name)
	}
	// The default of a parameter that is read from the parameter store is the name
	// it has there.
	d := n.Lookup("Default")
	if d != nil && d.Text != "" && len(d.Text) <= maxDefault && !strings.Contains(typ, "AWS::SSM::") {
		text = d.Text
	}
	v := r.known(from, expression, text)
	if !many {
		return v
	}
	all := value{form: list}
	for _, part := range strings.Split(text, ",") {
		var b builder
		b.put(strings.TrimSpace(part), from)
		all.list = append(all.list, value{form: str, text: b.text()})
	}
	return all
}

// reference returns what Ref of a resource of the template returns.
func (r *resolver) reference(logical, typ string, p place) string {
	known, ok := templateNouns[typ]
	if !ok {
		return standIn(logical, p)
	}
	n, _ := nounNamed(known.noun)
	name := r.resourceName(logical)
	switch known.ref {
	case "arn":
		return n.named(name)
	case "url":
		return "https://sqs." + StandInRegion + "." + standInSuffix + "/" + StandInAccount + "/" + name
	case "id":
		return lastPart(n.named(name))
	}
	return name
}

// attribute returns what GetAtt of a resource of the template returns.
func (r *resolver) attribute(logical, attribute string, p place) string {
	known, ok := templateNouns[r.tpl.typeOf(logical)]
	words := folded(attribute)
	if !ok {
		return standIn(logical+attribute, p)
	}
	n, _ := nounNamed(known.noun)
	name := r.resourceName(logical)
	switch {
	case words == "streamarn":
		return n.named(name) + "/stream/2020-01-01T00:00:00.000"
	case words == "roleid":
		return "AROAEXAMPLEID12345678"
	case words == "qualifiedarn", strings.HasSuffix(words, "arn"):
		return n.named(name)
	case strings.HasSuffix(words, "name"):
		return name
	case words == "id", words == "groupid", words == "keyid":
		return lastPart(n.named(name))
	}
	return standIn(attribute, p)
}

// resourceName returns the name the template gives a resource, and else one made
// from its logical ID.
func (r *resolver) resourceName(logical string) string {
	properties := r.tpl.resources[logical].Lookup("Properties")
	if properties == nil || r.naming == maxNaming {
		return slug(logical)
	}
	for i := range properties.Members {
		m := &properties.Members[i]
		if !slices.Contains(nameProperties, m.Name) {
			continue
		}
		// What the name is made of is no part of the policy.
		noted := len(r.subs)
		r.naming++
		v := r.eval(&m.Value, place{part: true})
		r.naming--
		r.subs = r.subs[:noted]
		if n := len(v.text.bytes); v.form == str && 0 < n && n <= maxDefault {
			return string(v.text.bytes)
		}
	}
	return slug(logical)
}

// maxNaming is how many names may be made of each other. A template can name two
// resources after one another.
const maxNaming = 3

// nameProperties are what types of resources call the property with the name.
var nameProperties = []string{
	"BucketName", "ClusterName", "DBInstanceIdentifier", "DeliveryStreamName", "DomainName", "Family", "FunctionName",
	"GroupName", "LogGroupName", "ManagedPolicyName", "Name", "QueueName", "RepositoryName", "RoleName", "StateMachineName",
	"TableName", "TopicName", "UserName",
}

// lastPart returns the last part of an ARN: "sg-…" of a security group's.
func lastPart(arn string) string {
	return arn[strings.LastIndexAny(arn, "/:")+1:]
}

// getAtt returns an attribute of a resource: ["Name", "Attribute"] or
// "Name.Attribute".
func (r *resolver) getAtt(arg, n *jsonsource.Node, p place) value {
	logical, attribute, _ := strings.Cut(arg.Text, ".")
	if arg.Kind == jsonsource.Array && len(arg.Items) >= 2 {
		logical, attribute = arg.Items[0].Text, arg.Items[1].Text
	}
	if logical == "" {
		return r.replace(n, "", p)
	}
	return r.known(r.t.origin(n.Start), "Fn::GetAtt "+logical+"."+attribute, r.attribute(logical, attribute, p))
}

// member returns the place of a member of what stands at p.
func (p place) member(name string) place {
	switch p.element {
	case "":
		switch name = strings.TrimPrefix(name, "Not"); name {
		case "Action", "Resource", "Principal", "Condition":
			p.element = name
		}
	case "Principal":
		p.principal = name
	case "Condition":
		if p.operator == "" {
			p.operator = name
		} else {
			p.key = name
		}
	}
	return p
}

// servicesOf returns the services of a statement's actions, each once.
func servicesOf(n *jsonsource.Node) []string {
	var all []string
	for _, action := range texts(n.Lookup("Action")) {
		service, _, ok := strings.Cut(strings.ToLower(action), ":")
		if ok && !slices.Contains(all, service) && len(all) < 8 {
			all = append(all, service)
		}
	}
	return all
}

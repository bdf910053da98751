package lint

import (
	"slices"
	"strings"

	"github.com/berth-project/berth/iam"
	"github.com/berth-project/berth/iam/catalog"
	"github.com/berth-project/berth/internal/glob"
)

// knownActions checks that actions exist and that this kind of policy can be
// about them.
func knownActions(p *pass) {
	p.statements(func(i int, s *iam.Statement) {
		for j, text := range s.Actions.Values {
			path := p.policy.ActionPath(i, j)
			prefix, name, ok := strings.Cut(text, ":")
			if !ok || p.refused(path) {
				continue // "*", or the reader's to report
			}
			if p.actionService(prefix, name, path) && glob.Literal(name) {
				p.actionName(s, j, path)
			}
			p.foreignAction(strings.ToLower(prefix), name, path)
		}
	})
}

// actionService checks the service of an action, and reports whether it is one.
func (p *pass) actionService(prefix, name, path string) bool {
	if !glob.Literal(prefix) {
		p.report("WILDCARD_IN_SERVICE_NAME", path, "%q has a wildcard before the colon", prefix).
			Help = `name the service; only "*" alone stands for all of them`
		return false
	}
	if catalog.Default().KnownPrefix(prefix) {
		return true
	}
	f := p.report("INVALID_SERVICE_IN_ACTION", path, "there is no service %q", prefix)
	if slices.Contains(retiredServices, strings.ToLower(prefix)) {
		f.Severity, f.Level = Warning, Low
		f.Message, f.Help = prefix+" was a service of the vendor and is no longer", "remove it"
		return false
	}
	if near := catalog.Default().SuggestService(prefix); len(near) > 0 {
		f.Help = "did you mean " + near[0] + "?"
		p.fix(f, false, "write "+near[0], p.put(path, near[0]+":"+name))
	}
	return false
}

// retiredServices are prefixes that the vendor has given up. Policies of its own
// still have them.
var retiredServices = []string{
	"deepcomposer", "deeplens", "deepracer", "elastic-inference", "iot1click", "iotroborunner", "mobilehub", "sagemaker-groundtruth-synthetic", "zocalo",
}

// actionName checks a name without wildcards in a service whose actions are
// known.
func (p *pass) actionName(s *iam.Statement, j int, path string) {
	text := s.Actions.Values[j]
	prefix, name, _ := strings.Cut(text, ":")
	service, ok := catalog.Default().Service(prefix)
	if !ok {
		return
	}
	if _, ok := service.Action(name); ok {
		return
	}
	f := p.report("INVALID_ACTION", path, "%s has no action %q", service.Prefix, name)
	if instead, ok := catalog.Default().Instead(text); ok {
		f.Detail, f.Help = instead.Why, "write "+strings.Join(instead.Actions, " and ")
		p.replaceAction(f, s, j, path, instead.Actions)
		return
	}
	if near := catalog.Default().SuggestAction(text); len(near) > 0 {
		f.Help = "did you mean " + near[0] + "?"
		p.replaceAction(f, s, j, path, near[:1])
	}
}

// replaceAction offers to write the actions that were meant, as far as the
// statement does not list them.
func (p *pass) replaceAction(f *Finding, s *iam.Statement, j int, path string, meant []string) {
	missing := slices.DeleteFunc(slices.Clone(meant), func(action string) bool {
		return slices.ContainsFunc(s.Actions.Values, func(v string) bool { return strings.EqualFold(v, action) })
	})
	switch {
	case len(missing) == 0:
		p.fix(f, true, "remove it, the statement lists what is meant", p.drop(path))
	case len(missing) == 1:
		p.fix(f, false, "write "+missing[0], p.put(path, missing[0]))
	case s.Actions.Scalar:
		p.fix(f, false, "write "+strings.Join(missing, " and "), p.put(path, missing))
	default:
		patch := p.put(path, missing[0])
		for _, action := range missing[1:] {
			patch = append(patch, p.insert(listOf(path), "-", action)...)
		}
		p.fix(f, false, "write "+strings.Join(missing, " and "), patch)
	}
}

// listOf returns the path of the list an item is in.
func listOf(path string) string { return path[:strings.LastIndexByte(path, '[')] }

// trustableActions are what a trust policy may grant (STS API reference).
var trustableActions = []string{
	"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext",
}

// foreignAction reports actions the policy cannot be about: those of another
// service in a resource's policy, and those that assume no role in a trust
// policy.
func (p *pass) foreignAction(prefix, name, path string) {
	action := prefix + ":" + name
	switch p.policy.Kind {
	case iam.TrustPolicy:
		if !slices.ContainsFunc(trustableActions, func(a string) bool { return glob.MatchFold(action, a) }) {
			p.report("UNSUPPORTED_ACTION_IN_POLICY", path, "%s assumes no role", action).Help = "write sts:AssumeRole or one of its kind"
		}
	case iam.ResourcePolicy:
		if own := p.ownService(); own != "" && !slices.Contains(actionPrefixes(own), prefix) && glob.Literal(prefix) {
			p.report("UNSUPPORTED_ACTION_IN_POLICY", path, "the policy of %s cannot grant %s", p.options.ResourceType, action).
				Help = "write actions of " + own
		}
	case iam.ResourceControlPolicy:
		if catalog.Default().KnownPrefix(prefix) && !catalog.RCPSupported(prefix) {
			p.report("RCP_SYNTAX_ERROR_ACTION", path, "resource control policies do not reach %s", prefix).
				Help = "bound the service by a service control policy"
		}
	}
}

// actionPrefixes are the services whose actions a resource's policy may name.
func actionPrefixes(service string) []string {
	switch service {
	case "vpc-lattice":
		return []string{"vpc-lattice", "vpc-lattice-svcs"}
	case "s3":
		return []string{"s3", "s3-object-lambda"}
	}
	return []string{service}
}

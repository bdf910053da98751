package manifest

// Rule says who may use some paths.
type Rule struct {
	// ID is the rule in logs and explanations.
	// Default: "rule-" and its number, counted from 1.
	ID string `yaml:"id" format:"slug"`
	// Path is what it is about, written as in routes. The names in braces can be
	// used in Allow.
	Path string `yaml:"path" required:"true" literal:"true"`
	// Methods are the methods it is about; GET includes HEAD.
	// Default: every method.
	Methods StringOrList `yaml:"methods" literal:"true"`
	// Hosts are the hosts it is about, written as in domains.
	// Default: every host of the service.
	Hosts StringOrList `yaml:"hosts" literal:"true"`
	// Allow is what is required of the caller.
	Allow Requirement `yaml:"allow" required:"true"`
}

// Requirement is what is required of a caller: exactly one of these.
type Requirement struct {
	// Anyone requires nothing: `allow: anyone`.
	Anyone bool `word:"anyone" one:"requirement"`
	// SignedIn requires a signed-in user: `allow: signed-in`.
	SignedIn bool `word:"signed-in" one:"requirement"`
	// Role requires any of these roles in the tenant Of.
	Role StringOrList `yaml:"role" one:"requirement"`
	// Plan requires that the caller belongs to the tenant Of and that it
	// subscribes to any of these plans.
	Plan StringOrList `yaml:"plan" one:"requirement"`
	// Of is the tenant of Role or Plan: the name of a parameter of the rule's
	// path, or the id of a tenant.
	Of string `yaml:"of" literal:"true"`
	// All requires every one of a list.
	All []Requirement `yaml:"all" one:"requirement"`
	// Any requires one of a list.
	Any []Requirement `yaml:"any" one:"requirement"`
	// Not requires the contrary.
	Not *Requirement `yaml:"not" one:"requirement"`
	// When is a CEL expression that must be true.
	When string `yaml:"when" one:"requirement" literal:"true"`
}

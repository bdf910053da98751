package lint

import "slices"

// rule looks for one thing, or a few that are found in one look, in one policy.
type rule func(*pass)

// setRule looks for what only shows in all the policies of a principal
// together. It also runs over a single policy.
type setRule func(*set)

// The tables list all codes and rules by what they are about. The order of the
// codes is that of [Codes]; findings are sorted by place, so the order of the
// rules only matters to those that look at what others found.
//
// The three stand apart because rules look codes up.
var (
	codeTables = [...][]Code{
		documentCodes,
		principalCodes,
		actionCodes,
		resourceCodes,
		conditionCodes,
		variableCodes,
		securityCodes,
		trustCodes,
		privilegeCodes,
		deadCodes,
		gapCodes,
		lintCodes,
	}
	ruleTables = [...][]rule{
		{document, redundant, controlledServices},
		{principals, servicePrincipals, openIDProviders, audiences},
		{emptyElements, knownActions, handovers},
		{resourceNames},
		{conditionValues, regionValues, identifierValues, conditionTypes, conditionKeys, conditionShape, privateAddresses, qualifiers, multiFactorGuard, waivedFactor, pairedKeys, tagKeys, untrustworthy, prefixesDenied, attributesWithoutSelect},
		{variables},
		securityRules,
		trustRules,
		privilegeRules,
		deadRules,
	}
	setRuleTables = [...][]setRule{
		securitySetRules,
		trustSetRules,
		privilegeSetRules,
	}
)

// allCodes, allRules and allSetRules flatten the tables.
func allCodes() []Code       { return slices.Concat(codeTables[:]...) }
func allRules() []rule       { return slices.Concat(ruleTables[:]...) }
func allSetRules() []setRule { return slices.Concat(setRuleTables[:]...) }

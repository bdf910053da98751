package iam

import (
	"strconv"
	"strings"
)

// The codes of problems. They are those of the vendor's policy validation (IAM
// Access Analyzer, "Policy check reference") except for the last group.
const (
	codeSyntax            = "JSON_SYNTAX_ERROR"
	codeType              = "DATA_TYPE_MISMATCH"
	codeKeysDifferInCase  = "DUPLICATE_KEYS_WITH_DIFFERENT_CASE"
	codeElement           = "INVALID_POLICY_ELEMENT"
	codeVersion           = "INVALID_VERSION"
	codeMissingStatement  = "MISSING_STATEMENT"
	codeMissingEffect     = "MISSING_EFFECT"
	codeMissingAction     = "MISSING_ACTION"
	codeMissingResource   = "MISSING_RESOURCE"
	codeMissingPrincipal  = "MISSING_PRINCIPAL"
	codeEffect            = "INVALID_EFFECT"
	codeCombination       = "UNSUPPORTED_ELEMENT_COMBINATION"
	codeSid               = "UNSUPPORTED_SID"
	codeUniqueSids        = "UNIQUE_SIDS_REQUIRED"
	codeAction            = "INVALID_ACTION"
	codeARNPrefix         = "INVALID_ARN_PREFIX"
	codeARNField          = "MISSING_ARN_FIELD"
	codeARNPartition      = "INVALID_PARTITION"
	codeARNServiceCase    = "INVALID_ARN_SERVICE_CASE"
	codeARNAccount        = "INVALID_ARN_ACCOUNT"
	codeARNResource       = "INVALID_ARN_RESOURCE"
	codePrincipal         = "UNSUPPORTED_PRINCIPAL"
	codePrincipalKey      = "INVALID_PRINCIPAL_KEY"
	codePrincipalFormat   = "INVALID_PRINCIPAL_FORMAT"
	codeServicePrincipal  = "INVALID_SERVICE_PRINCIPAL_FORMAT"
	codePrincipalWildcard = "UNSUPPORTED_WILDCARD_IN_PRINCIPAL"
	codeOperator          = "INVALID_CONDITION_OPERATOR"
	codeNullIfExists      = "NULL_WITH_IF_EXISTS"
	codeConditionKey      = "INVALID_CONDITION_KEY_FORMAT"
	codeTagKey            = "MISSING_TAG_KEY_IN_CONDITION"
	codeMixedTypes        = "INVALID_CONDITION_DATA_TYPE"
	codeManyBooleans      = "INVALID_CONDITION_MULTIPLE_BOOLEAN"
	codeMissingBrace      = "MISSING_BRACE_IN_VARIABLE"
	codeMissingQuote      = "MISSING_QUOTE_IN_VARIABLE"
	codeSpaceInVariable   = "UNSUPPORTED_SPACE_IN_VARIABLE"
	codeEmptyVariable     = "EMPTY_VARIABLE"
	codeVariableElement   = "VARIABLE_UNSUPPORTED_IN_ELEMENT"
	codeVariableOperator  = "INVALID_VARIABLE_FOR_OPERATOR"
	codeSCPActionWildcard = "SCP_SYNTAX_ERROR_ACTION_WILDCARD"
	codeSCPAllowCondition = "SCP_SYNTAX_ERROR_ALLOW_CONDITION"
	codeSCPAllowNotAction = "SCP_SYNTAX_ERROR_ALLOW_NOTACTION"
	codeSCPAllowResource  = "SCP_SYNTAX_ERROR_ALLOW_RESOURCE"
	codeSCPNotResource    = "SCP_SYNTAX_ERROR_NOTRESOURCE"
	codeSCPPrincipal      = "SCP_SYNTAX_ERROR_PRINCIPAL"
	codeRCPAllow          = "RCP_SYNTAX_ERROR_ALLOW"
	codeRCPNotAction      = "RCP_SYNTAX_ERROR_NOTACTION"
	codeRCPPrincipal      = "RCP_SYNTAX_ERROR_PRINCIPAL"
	codeTrustNotPrincipal = "ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL"
	codeTrustFederated    = "INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY"
	codeTrustStar         = "ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL"
	codeTrustResource     = "UNSUPPORTED_ELEMENT"
	codeFederated         = "FEDERATED_PRINCIPAL_NOT_SUPPORTED"

	codeDuplicateKeys = "DUPLICATE_KEYS"
	codeCharacter     = "UNSUPPORTED_CHARACTER"
	codeTooMany       = "TOO_MANY_PROBLEMS"
)

// ProblemCodes returns every code a [Problem] of [Read] can have. They are the
// errors that can be told without knowing the services; those that need the
// catalogue, and everything milder than an error, are iam/lint's.
func ProblemCodes() []string {
	return []string{
		codeSyntax, codeType, codeKeysDifferInCase, codeElement, codeVersion, codeMissingStatement, codeMissingEffect,
		codeMissingAction, codeMissingResource, codeMissingPrincipal, codeEffect, codeCombination, codeSid, codeUniqueSids,
		codeAction, codeARNPrefix, codeARNField, codeARNPartition, codeARNServiceCase, codeARNAccount, codeARNResource,
		codePrincipal, codePrincipalKey, codePrincipalFormat, codeServicePrincipal, codePrincipalWildcard, codeOperator,
		codeNullIfExists, codeConditionKey, codeTagKey, codeMixedTypes, codeManyBooleans, codeMissingBrace, codeMissingQuote,
		codeSpaceInVariable, codeEmptyVariable, codeVariableElement, codeVariableOperator, codeSCPActionWildcard,
		codeSCPAllowCondition, codeSCPAllowNotAction, codeSCPAllowResource, codeSCPNotResource, codeSCPPrincipal,
		codeRCPAllow, codeRCPNotAction, codeRCPPrincipal, codeTrustNotPrincipal, codeTrustFederated, codeTrustStar, codeTrustResource, codeFederated,
		codeDuplicateKeys, codeCharacter, codeTooMany,
	}
}

// fault is a problem before it has a place.
type fault struct {
	code, message, help string
}

// quoted quotes a text of the document for a message, cut to a length that can
// be read.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}

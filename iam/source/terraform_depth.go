package source

import (
	"bytes"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// maxTerraformDepth is how deep brackets, blocks and templates may nest in
// Terraform configuration, and how many operators in a row may take what
// follows. Its parser recurses for each, and a stack that is full ends the
// program.
const maxTerraformDepth = 200

// bracket is an open bracket, block or template.
type bracket struct {
	// chain counts the operators outside of it that wait for what is in it.
	chain int
	// lines is set where the end of a line ends what stands on it.
	lines bool
}

// tooDeep finds the place where a text nests deeper than the parser may recurse.
func tooDeep(b []byte) (at int, deep bool) {
	tokens, _ := hclsyntax.LexConfig(b, "", hcl.InitialPos)
	open := []bracket{{lines: true}}
	chain := 0
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace:
			open, chain = append(open, bracket{chain: chain, lines: !isFor(tokens[i+1:])}), 0
		case hclsyntax.TokenTemplateControl:
			// A directive waits for its end, which is a directive too.
			open, chain = append(open, bracket{chain: chain + 1}), 0
		case hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			open, chain = append(open, bracket{chain: chain}), 0
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd,
			hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			// What is in brackets may be an operator of what is before: a[*][*].
			if n := len(open); n > 1 {
				open, chain = open[:n-1], open[n-1].chain+chain
			}
		case hclsyntax.TokenQuestion, hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenStar:
			chain++
		case hclsyntax.TokenComma:
			chain = 0
		case hclsyntax.TokenNewline:
			if open[len(open)-1].lines {
				chain = 0
			}
		}
		if len(open) > maxTerraformDepth || chain > maxTerraformDepth {
			return t.Range.Start.Byte, true
		}
	}
	return 0, false
}

// isFor reports whether what follows a brace makes it a for expression, in which
// lines do not end.
func isFor(tokens hclsyntax.Tokens) bool {
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
			continue
		case hclsyntax.TokenIdent:
			return bytes.Equal(t.Bytes, []byte("for"))
		}
		return false
	}
	return false
}

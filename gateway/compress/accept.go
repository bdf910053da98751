package compress

import (
	"strings"

	"github.com/berth-project/berth/gateway/grammar"
)

// maxCodings bounds how many elements of Accept-Encoding are looked at; no
// client needs more.
const maxCodings = 32

// Negotiate returns the offered content coding that a client prefers by its
// Accept-Encoding fields (RFC 9110 §12.5.3), "" when the response is to be sent
// as it is. Offers of the same weight are preferred in their order, and any of
// them over no coding, unless the client gives "identity" a higher weight. An
// element that cannot be read is taken as refused. A client that refuses
// everything gets the response as it is, which the RFC allows.
func Negotiate(accept []string, offers ...string) string {
	if len(accept) == 0 {
		return ""
	}
	best, weight := "", 0
	for _, offer := range offers {
		if w := weightOf(accept, offer); w > weight {
			best, weight = offer, w
		}
	}
	if explicit, _ := lookup(accept, "identity"); explicit > weight {
		return ""
	}
	return best
}

// weightOf is the weight of a coding in thousandths, 0 when it is refused.
func weightOf(accept []string, coding string) int {
	weight, wildcard := lookup(accept, coding)
	if weight < 0 {
		weight = wildcard
	}
	return max(weight, 0)
}

// lookup returns the weight of a coding and that of "*", -1 where the fields
// do not say.
func lookup(accept []string, coding string) (weight, wildcard int) {
	weight, wildcard = -1, -1
	left := maxCodings
	for _, field := range accept {
		for field != "" && left > 0 {
			left--
			var element string
			element, field, _ = strings.Cut(field, ",")
			name, params, _ := strings.Cut(element, ";")
			name = strings.Trim(name, " \t")
			switch {
			case weight < 0 && sameCoding(name, coding):
				weight = parseWeight(params)
			case wildcard < 0 && name == "*":
				wildcard = parseWeight(params)
			}
		}
	}
	return weight, wildcard
}

// sameCoding compares two codings; x-gzip is an old name of gzip (RFC 9110
// §8.4.1.3).
func sameCoding(name, coding string) bool {
	return strings.EqualFold(name, coding) || coding == Gzip && strings.EqualFold(name, "x-gzip")
}

// parseWeight reads the parameters of an element in thousandths: 1000 when
// there is none, 0 when they are not a weight (RFC 9110 §12.4.2).
func parseWeight(params string) int {
	params = strings.Trim(params, " \t")
	if params == "" {
		return 1000
	}
	if len(params) < 3 || params[0]|0x20 != 'q' || params[1] != '=' {
		return 0
	}
	weight, _ := grammar.Weight(params[2:])
	return weight
}

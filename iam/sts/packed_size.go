package sts

import (
	"fmt"
	"unicode/utf8"
)

// The vendor packs session policies and session tags into the credentials and
// refuses what does not fit. How it packs is not published; what is known are
// the percentages it answers with. Policies written as one statement per action
// have been reported with 82 % at 736 characters and 157 % at 1,690, each with
// three short tags; the six tags of a Kubernetes pod, some 300 characters, with
// 74 %. Both grow with the text, so the estimate is linear in it.
const (
	policyCharacters = 1250 // fill the space for policies
	tagCharacters    = 400  // fill the space for tags
	// tooLarge is the estimate from which a call is refused. Between 100 % and it
	// the estimate is not good enough to say.
	tooLarge = 125
)

// packedSize estimates the packed size of what a call passes, in percent of the
// space there is.
func packedSize(policy string, tags []Tag) int {
	if policy == "" && len(tags) == 0 {
		return 0
	}
	size := 100 * utf8.RuneCountInString(policy) / policyCharacters
	text := 0
	for _, t := range tags {
		text += utf8.RuneCountInString(t.Key) + utf8.RuneCountInString(t.Value)
	}
	return max(1, size+100*text/tagCharacters)
}

// checkPackedSize records the estimate.
func (o *Outcome) checkPackedSize(policy string, tags []Tag) int {
	const name = "packed-size"
	size := packedSize(policy, tags)
	switch {
	case size > tooLarge && policy == "":
		o.fail(name, fmt.Sprintf("the session tags fill about %d %% of the space there is", size),
			refuse(PackedPolicyTooLarge, fmt.Sprintf("Packed size of session tags consumes %d%% of allotted space.", size)))
	case size > tooLarge:
		o.fail(name, fmt.Sprintf("session policy and tags fill about %d %% of the space there is; managed session policies take none", size),
			refuse(PackedPolicyTooLarge, fmt.Sprintf("Packed policy consumes %d%% of allotted space, please use smaller policy.", size)))
	case size > 100:
		o.pass(name, fmt.Sprintf("session policy and tags fill about %d %% of the space there is: the vendor may refuse this", size))
	case size > 0:
		o.pass(name, fmt.Sprintf("session policy and tags fill about %d %% of the space there is", size))
	}
	return size
}

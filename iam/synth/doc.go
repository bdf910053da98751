// Package synth writes least-privilege policies: from what a program says it
// needs, from the calls it was seen to make, and for who may assume a role.
//
//	needs := []synth.Need{{Resource: "queue:jobs", Access: []string{"send"}}}
//	result, err := synth.FromNeeds(needs, synth.Place{Account: "111122223333", Region: "eu-central-1"})
//
// # Needs
//
// A [Need] names a resource as people do, "bucket:media" or by ARN, and what is
// done with it in words: read, write, send, receive. The words of each kind of
// resource stand in one table ([Kinds]) of curated profiles: the actions that
// the word takes and nothing else. Resources outside the table are named by
// their ARN, and the words list, read, write and admin then mean the access
// levels of the service reference.
//
// # From needs to policies
//
// Each need becomes one statement for each form of the resource's ARN that its
// actions take; actions that take no resource stand together in a statement of
// their own. Sids say why a statement is there. What is written is sorted, so
// the same needs give the same bytes, and is split where it would not fit into
// one policy.
//
// # From calls
//
// [FromCalls] takes recorded API calls through the catalogue's map of calls to
// permissions, fills the ARNs from the calls' parameters, and says what it
// could not tell.
package synth

// Package deployment is what a deployment of Comcast's Priority Operation
// Processing on AWS consists of and what each part may do there: its roles, the
// calls each makes, and the policies that allow those calls and no others. The
// policies POP's own instructions give grant every action on every table.
//
//	for _, role := range deployment.Roles() {
//		policy, err := role.Policy(names)
//		…
//	}
//
// The policies are for those who still run POP beside Berth. Calls and policies are
// two readings of the same system; the tests hold one against the other with
// Berth's evaluator: nothing that is called is denied, and nothing that is
// allowed is not called.
package deployment

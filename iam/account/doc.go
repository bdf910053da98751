// Package account answers who can do what in an account, or in several, from an
// export of their users, groups, roles and policies.
//
//	snapshot, problems := account.Read(files)
//	answer, err := snapshot.WhoCan(account.Query{Action: "s3:GetObject", Resource: "arn:aws:s3:::media/1.jpg"})
//	for _, g := range answer.Grants {
//		fmt.Println(g)
//	}
//
// [Snapshot.WhoCan] lists every principal that is allowed and by which path:
// directly, through roles it can assume one after the other, as a service that a
// role trusts, from another account, or without any name. [Snapshot.Can] lists
// what one principal is allowed.
//
// # What is not known
//
// A policy may ask for what no export has: the address a call comes from, a
// second factor, an external ID. Every answer says what it takes for granted
// ([Grant.Certainty], [Grant.Needs]):
//
//   - what is allowed whatever those keys are;
//   - what is allowed with the keys of the question, others being absent;
//   - what would be allowed if some keys had other values, and which.
//
// What is in none of the three is denied for every value. Policies that are
// attached and not in the export are named in the notes of an answer.
//
// # What is read
//
// The output of aws iam get-account-authorization-details, also in several
// pages; of get-role, list-roles, get-role-policy, get-user-policy and
// get-group-policy; and a layout of folders that people can write:
//
//	account.json              {"account": "210987654321", "organization": "o-a1b2c3d4e5",
//	                           "organizationPaths": ["o-a1b2c3d4e5/r-ab12/ou-ab12-c3d4/"], "management": false}
//	users/NAME.json           {"arn": …, "groups": [NAME…], "policies": […], "boundary": POLICY, "tags": {…}}
//	groups/NAME.json          {"policies": […]}
//	roles/NAME.json           {"arn": …, "trust": DOCUMENT, "policies": […], "boundary": POLICY, "tags": {…},
//	                           "maxSessionDuration": 3600}
//	policies/NAME.json        a document, or {"arn": …, "document": DOCUMENT}
//	resources/ANY.json        {"arn": …, "policy": DOCUMENT, "account": …}; "policy": null says that it has none
//	scps/LEVEL/NAME.json      documents; levels in the order of their names, the root first: 0-root, 1-prod
//	rcps/LEVEL/NAME.json      the same
//
// All members are optional, but a role needs its trust and a resource its ARN
// and policy. Each of "policies" is the name or ARN of a managed policy, a
// document, or {"name": NAME, "document": DOCUMENT}; POLICY is a name or ARN.
// Several accounts are folders with the number of the account as their name;
// account.json is not needed then. A file's place counts from the last folder of
// such a name.
//
// # Bounds
//
// Sizes, counts and the length of chains are bounded. The package touches no
// files: whoever calls it reads them.
package account

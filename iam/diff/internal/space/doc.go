// Package space searches the space of all requests for one that some
// statements let through and others do not.
//
// A request is a point: a caller, an action, a resource, and for every
// condition key no value, one or several. An element of a statement is about one
// of these dimensions only, so a statement is a box, and "allowed by B and not by
// A" is a question about boxes:
//
//	some Allow of B, no Deny of B, and (no Allow of A, or some Deny of A)
//
// Every dimension is divided into cells in which all elements of the question
// are true or false throughout, each with a sample: actions and resources by
// running their patterns side by side (package language), callers by listing
// those the policies can tell apart, condition keys by type (texts as resources
// are, numbers, dates and addresses by the bounds between them). What is left is
// to choose one cell in each dimension, a small search. If there is a choice its
// samples are the request; if there is none, no request exists.
//
// # Variables
//
// The text of a variable such as ${aws:username} couples two dimensions. The
// search takes it for unknown first: it lets all combinations stand that any
// value might make, and more. If even so there is no request, there is none. If
// there is one it may be a phantom, so values are put in the variables' place,
// such as those the policies name, and the search is run again without any
// variable. What remains in doubt is called so.
//
// # What is not looked at
//
// Dimensions are taken as independent, though some keys follow from others
// (aws:PrincipalAccount from the caller). Texts of more than 2,048 bytes, which
// the evaluator refuses to match, are left out, and so are actions that are not
// of the form prefix:name, and resources that are neither "*" nor an ARN. A key
// has several values only if the catalogue says it can, or if it does not know
// the key and a policy asks with a set operator.
package space

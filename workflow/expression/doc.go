// Package expression is CEL, the Common Expression Language, as workflows use
// it: conditions of steps, matchers of queues and transforms of JSON. An
// expression is compiled once, has no side effects and costs a bounded amount
// of work to evaluate.
package expression

// Package service wires the packages of Berth into one running service: it is
// what berth up, berth run and berth gateway start, and what berth explain
// asks without starting anything.
//
// What a manifest says is built into a generation: environment, process
// specs, access policy, upstream groups and the gateway's table. Building has
// no effect on what runs. A running [Service] holds one generation at a time:
//
//	manifest ─▶ decode ─▶ validate ─▶ build ─▶ processes ready ─▶ swap ─▶ retire the old
//	              └──────────┴─────────┴──────────────┴─ what fails here changes nothing
//
// The parts start from the inside out and stop from the outside in: the
// gateway drains first, then the processes stop, then what they lean on.
//
//	gateway ─▶ processes ─▶ upstream groups, directory, access log, admin listener
package service

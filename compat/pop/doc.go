// Package pop serves the HTTP API of Comcast's Priority Operation Processing
// (POP) on Berth's engine: clients, pullers and executors of POP work against it
// unchanged.
//
//	/pop/agenda, agendatemplate, customer, insight, resourcepool,
//	/pop/progress/agenda, progress/operation     objects: GET, POST, PUT, DELETE
//	/pop/agenda/service/run, rerun               from a template; again
//	/pop/progress/agenda/service                 what became of all with one link id
//	/pop/resourcepool/service/getAgenda, …       what pullers and executors ask
//
// An agenda becomes a run (package translate says how), an insight a queue. The
// run is the truth about what became of an agenda; POP's objects are kept beside
// it as documents of the engine's store. A run that a puller got is leased to it
// as a whole, and what its executor reports goes into the run. The agendas of an
// insight may also be left to Berth's own executors: see [Config.Dispatch].
//
// What differs from POP, on purpose:
//
//   - Status codes are those of HTTP; the body of an error is both problem details
//     (RFC 9457) and POP's. POP's 200 for errors is there for those who ask
//     ([EnvelopeHeader]).
//   - A puller's agendas are leased: what its executor does not report in time
//     waits again. POP loses an agenda between puller and executor.
//   - POST never replaces an object, PUT can clear a field with null and knows
//     If-Match.
//   - What a caller may do for a customer is asked of that customer: also for what
//     a template makes, and for the progress of agendas on shared insights.
//   - Retries, reclaiming and reaping are the engine's, with POP's defaults.
package pop

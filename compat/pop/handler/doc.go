// Package handler is the contract between Comcast's Priority Operation Processing
// and the programs that execute its operations: what a handler finds in its
// environment, and what it tells through the annotations of its pod.
//
//	POP_PAYLOAD_TYPE            envVar, or compressedEnvVar
//	PAYLOAD                     the payload
//	POP_COMPRESSED_PAYLOAD_0…   the payload, zlib, base64, in parts
//	LAST_PROGRESS               what an earlier attempt left
//	AGENDA_ID, OPERATION_NAME, OPERATION_ID, CID, CUSTOMER_ID, LOG_LEVEL, MY_POD_NAME
//
//	pop.report.progress         an OperationProgress; COMPLETE is the last
//	pop.report.payload          the result
//
// Images that were made for POP run with it unchanged, and so do programs of any
// kind that read their environment in the same way.
package handler

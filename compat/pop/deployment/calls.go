package deployment

// Saving an object is UpdateItem where its fields are merged with those in the
// table, and PutItem where it is new: POP's mapper is configured for either.
const (
	getItem        = "dynamodb:GetItem"
	query          = "dynamodb:Query"
	scan           = "dynamodb:Scan"
	putItem        = "dynamodb:PutItem"
	updateItem     = "dynamodb:UpdateItem"
	deleteItem     = "dynamodb:DeleteItem"
	batchWriteItem = "dynamodb:BatchWriteItem"
)

func unifiedCalls(n Names) []Call {
	var calls []Call
	for _, kind := range []struct{ table, index string }{
		{agenda, "linkid_index"},
		{agendaTemplate, "title_index"},
		{progressAgenda, "linkid_index"},
		{progressOperation, "agendaprogressid_index"},
		{customer, "resourcepoolid_index"},
		{insight, "resourcepoolid_index"},
		{resourcePool, "title_index"},
	} {
		table := n.table(kind.table)
		calls = append(calls,
			Call{"GET by id", getItem, table},
			Call{"GET by an indexed field", query, n.index(kind.table, kind.index)},
			Call{"GET by any other field", scan, table},
			Call{"POST", putItem, table},
			Call{"PUT", updateItem, table},
			Call{"DELETE", deleteItem, table})
	}
	waiting := n.table(readyAgenda)
	return append(calls,
		Call{"an agenda is submitted", putItem, waiting},
		Call{"an agenda is run again", updateItem, waiting},
		Call{"an agenda is deleted: find its rows", scan, waiting},
		Call{"an agenda is deleted", deleteItem, waiting},
		Call{"what a customer has waiting", query, n.index(readyAgenda, "insightId_customerId_index")})
}

func poolCalls(n Names) []Call {
	calls := []Call{
		{"getAgenda: the insight", getItem, n.table(insight)},
		{"createAgenda: the customer", getItem, n.table(customer)},
		{"createAgenda: the pool's insights", query, n.index(insight, "resourcepoolid_index")},
		{"getAgenda: the agenda", getItem, n.table(agenda)},
		{"getAgenda: its progress", getItem, n.table(progressAgenda)},
		{"getAgenda: that of operations", query, n.index(progressOperation, "agendaprogressid_index")},
		{"updateAgendaProgress", updateItem, n.table(progressAgenda)},
		{"updateAgendaProgress: an operation that is new", putItem, n.table(progressOperation)},
		{"updateAgendaProgress: an operation", updateItem, n.table(progressOperation)},
		{"updateAgenda", updateItem, n.table(agenda)},
		{"createAgenda", putItem, n.table(agenda)},
		{"createAgenda: its progress", putItem, n.table(progressAgenda)},
		{"createAgenda: it waits", putItem, n.table(readyAgenda)},
		{"createAgenda: it waits again", updateItem, n.table(readyAgenda)},
		{"createAgenda fails half way: undo", deleteItem, n.table(agenda)},
		{"createAgenda fails half way: undo its progress", deleteItem, n.table(progressAgenda)},
		{"createAgenda fails half way: undo that of operations", deleteItem, n.table(progressOperation)},
	}
	return append(calls,
		Call{"getAgenda: the queue", "sqs:GetQueueUrl", n.queue("encoders")},
		Call{"getAgenda", "sqs:ReceiveMessage", n.queue("encoders")},
		Call{"getAgenda: off the queue", "sqs:DeleteMessage", n.queue("encoders")})
}

func masterCalls(n Names) []Call {
	return []Call{
		{"each minute, for each pool", "lambda:InvokeFunction", n.function("POP-SchedulerQueue")},
		{"each minute, for each pool: count", "lambda:InvokeFunction", n.function("POP-SchedulerMonitor")},
	}
}

func queueCalls(n Names) []Call {
	return []Call{
		{"FirstInFirstOut: the oldest", query, n.index(readyAgenda, "insightid_added_index")},
		{"RoundRobin: each customer's oldest", query, n.index(readyAgenda, "insightIdCustomerIdComposite_added_index")},
		{"an agenda goes to the queue", deleteItem, n.table(readyAgenda)},
		{"the queue refuses it: back", putItem, n.table(readyAgenda)},
		{"the queue refuses it: back, merged", updateItem, n.table(readyAgenda)},
		{"whose turn it is", getItem, n.table(insightScheduling)},
		{"whose turn it is, for the first time", putItem, n.table(insightScheduling)},
		{"whose turn it will be", updateItem, n.table(insightScheduling)},
		{"the queue", "sqs:GetQueueUrl", n.queue("encoders")},
		{"how full it is", "sqs:GetQueueAttributes", n.queue("encoders")},
		{"an agenda goes to the queue", "sqs:SendMessage", n.queue("encoders")},
	}
}

func monitorCalls(n Names) []Call {
	return []Call{
		{"how many wait, as it is written", scan, n.table(readyAgenda)},
		{"how many wait, by insight", query, n.index(readyAgenda, "insightid_index")},
	}
}

func retryCalls(n Names) []Call {
	stream := n.table(progressAgenda) + "/stream/2026-01-01T00:00:00.000"
	return []Call{
		{"the event source polls", "dynamodb:DescribeStream", stream},
		{"the event source polls: where", "dynamodb:GetShardIterator", stream},
		{"the event source polls: what", "dynamodb:GetRecords", stream},
		{"the event source is made", "dynamodb:ListStreams", "*"},
	}
}

func reclaimCalls(n Names) []Call {
	return []Call{{"every five minutes", scan, n.table(progressAgenda)}}
}

func reapCalls(n Names) []Call {
	var calls []Call
	for _, table := range []string{agenda, progressAgenda, progressOperation} {
		calls = append(calls,
			Call{"every four hours: what is old", scan, n.table(table)},
			Call{"every four hours: away with it", batchWriteItem, n.table(table)})
	}
	return calls
}

func noCalls(Names) []Call { return nil }

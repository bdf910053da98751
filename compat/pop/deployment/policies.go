package deployment

// Roles are those of a deployment. The people who deploy have others.
func Roles() []Role {
	return []Role{
		{"UnifiedEndpoint", "objects, run, rerun and summaries", unifiedGrants, unifiedCalls},
		{"ResourcePoolEndpoint", "what pullers and executors ask", poolGrants, poolCalls},
		{"SchedulerMaster", "starts the schedulers of each pool", masterGrants, masterCalls},
		{"SchedulerQueue", "fills the insights' queues", queueGrants, queueCalls},
		{"SchedulerMonitor", "counts what waits", monitorGrants, monitorCalls},
		{"RetryCallback", "runs failed agendas again, over HTTP", retryGrants, retryCalls},
		{"Reclaimer", "finds silent agendas; ends them over HTTP", reclaimGrants, reclaimCalls},
		{"Reaper", "deletes old objects", reapGrants, reapCalls},
		{"Authorizer", "says who asks", noGrants, noCalls},
	}
}

// withIndexes are the ARNs of tables with their indexes.
func (n Names) withIndexes(tables ...string) []string {
	var all []string
	for _, t := range tables {
		all = append(all, n.table(t), n.index(t, "*"))
	}
	return all
}

func (n Names) tables(tables ...string) []string {
	var all []string
	for _, t := range tables {
		all = append(all, n.table(t))
	}
	return all
}

func unifiedGrants(n Names) []grant {
	return []grant{
		{
			"Objects",
			[]string{"GetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem"},
			n.withIndexes(agenda, agendaTemplate, progressAgenda, progressOperation, customer, insight, resourcePool),
		},
		{"WaitingList", []string{"Query", "Scan", "PutItem", "UpdateItem", "DeleteItem"}, n.withIndexes(readyAgenda)},
	}
}

func poolGrants(n Names) []grant {
	return []grant{
		{"Routing", []string{"Query", "GetItem"}, append(n.withIndexes(insight), n.table(customer))},
		{
			"Agendas",
			[]string{"GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"},
			append(n.withIndexes(progressOperation), n.tables(agenda, progressAgenda)...),
		},
		{"WaitingList", []string{"PutItem", "UpdateItem"}, n.tables(readyAgenda)},
		{"Queues", []string{"sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage"}, []string{n.queue("*")}},
	}
}

func masterGrants(n Names) []grant {
	return []grant{{
		"Schedulers",
		[]string{"lambda:InvokeFunction"},
		[]string{n.function("POP-SchedulerQueue"), n.function("POP-SchedulerMonitor")},
	}}
}

func queueGrants(n Names) []grant {
	return []grant{
		{
			"Oldest",
			[]string{"Query"},
			[]string{n.index(readyAgenda, "insightid_added_index"), n.index(readyAgenda, "insightIdCustomerIdComposite_added_index")},
		},
		{"WaitingList", []string{"DeleteItem", "PutItem", "UpdateItem"}, n.tables(readyAgenda)},
		{"Memory", []string{"GetItem", "PutItem", "UpdateItem"}, n.tables(insightScheduling)},
		{"Queues", []string{"sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:SendMessage"}, []string{n.queue("*")}},
	}
}

func monitorGrants(n Names) []grant {
	return []grant{{"WaitingList", []string{"Scan", "Query"}, []string{n.table(readyAgenda), n.index(readyAgenda, "insightid_index")}}}
}

func retryGrants(n Names) []grant {
	return []grant{
		{"Changes", []string{"DescribeStream", "GetRecords", "GetShardIterator"}, []string{n.table(progressAgenda) + "/stream/*"}},
		{"Streams", []string{"ListStreams"}, []string{"*"}}, // the action takes no resource
	}
}

func reclaimGrants(n Names) []grant {
	return []grant{{"Silent", []string{"Scan"}, n.tables(progressAgenda)}}
}

func reapGrants(n Names) []grant {
	return []grant{{"Old", []string{"Scan", "BatchWriteItem"}, n.tables(agenda, progressAgenda, progressOperation)}}
}

func noGrants(Names) []grant { return nil }

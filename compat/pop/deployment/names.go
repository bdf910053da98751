package deployment

// Names say where a deployment is and what it is called.
type Names struct {
	Region, Account string
	// Stage ends the names of tables, functions and queues: "prod".
	Stage string
	// QueuePrefix begins the names of the insights' queues.
	QueuePrefix string
}

// The tables, without their stage.
const (
	agenda            = "POP-Agenda"
	agendaTemplate    = "POP-AgendaTemplate"
	progressAgenda    = "POP-ProgressAgenda"
	progressOperation = "POP-ProgressOperation"
	readyAgenda       = "POP-ReadyAgenda"
	customer          = "POP-Customer"
	insight           = "POP-Insight"
	resourcePool      = "POP-ResourcePool"
	insightScheduling = "POP-InsightScheduling"
)

func (n Names) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + n.Region + ":" + n.Account + ":" + rest
}

// table is the ARN of a table.
func (n Names) table(name string) string { return n.arn("dynamodb", "table/"+name+"-"+n.Stage) }

// index is the ARN of an index of a table, "*" for all.
func (n Names) index(table, name string) string { return n.table(table) + "/index/" + name }

// queue is the ARN of an insight's queue, "*" for all.
func (n Names) queue(name string) string {
	return n.arn("sqs", n.QueuePrefix+"-"+name+"-"+n.Stage)
}

// function is the ARN of a function, with its stage as alias.
func (n Names) function(name string) string { return n.arn("lambda", "function:"+name+":"+n.Stage) }

// log is the ARN of a function's log streams.
func (n Names) log(function, stream string) string {
	return n.arn("logs", "log-group:/aws/lambda/"+function+":"+stream)
}

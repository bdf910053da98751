package diagnostic

// catalogue is every code there is, in order: B01xx for the manifest, B11xx
// for files of environment variables, B12xx for workflows.
var catalogue = []Code{
	{"B0100", "the manifest cannot be read", `
Berth looks for berth.yaml in the directory it is given, or reads the file it is given. The file is not there, is a
directory, or may not be read by this user.
`},
	{"B0101", "the manifest is too large", `
A manifest is at most 1 MiB, its lines are at most 8 KiB, it has at most 40,000 words and nests at most 48 deep. The bounds keep a damaged or hostile file
from costing memory or time; a manifest that meets them is data that belongs into files of its own.
`},
	{"B0102", "the file is not YAML", `
The text breaks a rule of YAML, so nothing else about it can be checked until that is repaired. Common causes: a tab in the
indentation; a text that holds ": " or " #", or starts with one of @ % { [ ! & * or a backquote, without quotes; a list or a
quoted text that is not closed; siblings that are not indented alike.

    title: Ledger: the app          # wrong: a second ": "
    title: "Ledger: the app"
    keys-file: ${DIR}/keys          # right on a line of its own
    {keys-file: "${DIR}/keys"}      # within { } it needs quotes
`},
	{"B0103", "a second document", `
A line of "---" starts a second YAML document. A manifest is one document and describes one service.
`},
	{"B0104", "anchors, aliases, merge keys, tags and directives", `
YAML can refer from one place of a file to another (&name, *name, <<), name types (!!str) and carry directives (%YAML). None
of that is part of a manifest: a few such lines can expand to gigabytes, and programs disagree on what they mean. Write the
value out where it is used. A text that starts with one of these characters needs quotes.
`},
	{"B0105", "a character that is not text", `
The file holds a control character, a byte sequence that is not UTF-8, or a byte order mark in its middle. Such characters
are invisible in most editors and make a line read as something it is not.
`},
	{"B0106", "a key without a value", `
The key is there and nothing follows it. Berth does not guess whether the default, an empty text or an empty list is meant:
remove the key for the default, or write "", [] or {}.
`},
	{"B0107", "unknown key", `
The key does not exist here. Nothing in a manifest is ignored: a mistyped "methods" would otherwise leave a rule open for
every method. The key may belong to another level; "berth manifest schema" gives editors what they need to complete keys.
`},
	{"B0108", "a key given twice", `
The same key is there twice in one mapping. Programs disagree on which of the two counts, so neither does.
`},
	{"B0109", "a value of the wrong type", `
The field takes another type of value. Truth is written true or false, not yes or on. A number where a text is wanted needs
quotes, so that 1.10 is never read as 1.1.
`},
	{"B0110", "a required key is missing", `
The mapping needs this key and it has no default.
`},
	{"B0111", "not one of the words allowed", `
The field takes one of a few words, which the message lists. Case counts.
`},
	{"B0112", "a number out of range", `
The number, duration or size is outside what the field allows. The bounds are in docs/manifest.md.
`},
	{"B0113", "not a duration", `
A duration is a number with a unit, ms, s, m, h or d, or several of them: "500ms", "30s", "1h30m", "7d". A number without
a unit is not accepted, because half of the people would read it as milliseconds.
`},
	{"B0114", "not a size", `
A size is a whole number with a unit: B, KiB, MiB, GiB count by 1024 and KB, MB, GB by 1000. A number alone is bytes.
`},
	{"B0115", "a value of the wrong form", `
The text does not have the form the field needs, such as a host, a network, a path or a name.
`},
	{"B0116", "variables are not expanded here", `
The text holds "${", and the field is not one in which Berth looks up variables. docs/manifest.md marks the fields that are.
In a command written as one string the shell expands variables; in a command written as a list nothing does.
`},
	{"B0117", "a broken reference to a variable", `
In fields that refer to variables, ${NAME} stands for a variable, ${NAME:-text} gives it a default, ${NAME:?text} requires it
and says why, and $$ is a dollar sign. Any other "$" is refused, since it is a mistyped reference more often than not.
`},
	{"B0118", "exactly one of several keys", `
Of the keys in the message exactly one must be given. A route, for example, leads to one of a process, an upstream, static
files, objects or a redirect.
`},
	{"B0119", "nothing where something is needed", `
The file, list or command is empty.
`},
	{"B0120", "no such process", `
The route names a process that is not a key of processes.
`},
	{"B0121", "no such upstream", `
The route names an upstream that is not a key of gateway.upstreams.
`},
	{"B0122", "a route to a process that does not listen", `
The process has listen: none, so no request can reach it. Set listen to port (it is given PORT) or socket (BERTH_SOCKET).
`},
	{"B0123", "two things of one name", `
Names must be unique: logs, metrics and explanations tell things apart by them.
`},
	{"B0124", "a reserved path", `
The gateway itself answers /.berth (signing in and out, health) and /.well-known/berth (the keys that verify assertions). A
route there would never be reached, or would take them over.
`},
	{"B0125", "TLS is used and not configured, or the reverse", `
An address speaks TLS while gateway.tls.mode is off; or something that needs TLS is configured while no address speaks it.
Port 443 speaks TLS by itself as soon as the mode is not off; other addresses say tls: true.
`},
	{"B0126", "certificates and the TLS mode do not fit", `
Mode files needs gateway.tls.certificates; the other modes do not use them.
`},
	{"B0128", "two listeners on one port", `
Two addresses cannot both be bound: they are the same, or one of them is every interface.
`},
	{"B0136", "a route no request reaches", `
Routes are tried in order and an earlier one matches whatever this one does. Put the more specific route first.
`},
	{"B0137", "a route that cannot be matched", `
The path, a method or a host of the route is not valid. A path is "/a/b" exactly, has {name} for any one segment, and may
end in "/**" for everything below.
`},
	{"B0138", "an access rule that is not valid", `
The path, a method, a host, a requirement or a CEL expression of the rule is not valid. Nothing is served with rules that
are partly understood.
`},
	{"B0139", "an access rule that is probably not meant", `
The rule is valid and does less, or more, than it seems to: no request reaches it, it opens what a later rule protects, or
it names a tenant that the path does not have. "berth explain request" shows which rule decides a request.
`},
	{"B0140", "a console open to the network", `
The console shows and does everything. Beyond loopback it asks for a role, which console.require names.
`},
	{"B0141", "settings that contradict each other", `
Each setting is fine alone and together they make no sense, or one has no effect beside the other.
`},
	{"B0142", "something that is never used", `
No route leads to the upstream or to the process that listens.
`},
	{"B0143", "no such tenant", `
A user under development has a role in a tenant that is not in development.tenants.
`},
	{"B0144", "an insecure setting", `
The setting gives up a protection. It exists for closed networks; see the field in docs/manifest.md.
`},
	{"B0145", "a variable that is not set", `
The manifest refers to a variable that no source of environment.from provides. Provide it, or give the reference a default:
${NAME:-text}.
`},
	{"B0146", "a need that cannot be met", `
A need names a resource as KIND:NAME or by its ARN, and what is done with it in the words of that kind. The kind, the name or
the word does not exist, or a field is given that the kind has no use for. "berth iam needs" lists what there is.

    needs:
      web: {"bucket:media": [read, write], "queue:jobs": [send]}
`},
	{"B0147", "a matcher of a queue that is no expression", `
The matcher of a queue is a CEL expression over run (workflow, version, tenant, labels, priority), params and steps (name and type
of each), and says yes or no.

    queues:
      - {name: video, match: 'steps.exists(s, s.type == "transcode")'}
`},
	{"B0301", "a template that cannot be expanded", `
The field refers to a variable that is not in the resolved environment. "berth environ show" prints what is there and where
each variable comes from.
`},
	{"B0302", "something that cannot be built as the manifest says", `
The manifest is well formed, and what it describes cannot be made on this machine: a file is missing or not what it should be,
an address does not parse once its variables are in place, a group has no server.
`},
	{"B0303", "a service without host names", `
Outside of "berth up" a service answers only to the names under domains, and there are none. List the names people use; "*"
answers to any name, which is right only behind something that checks the name itself.
`},
	{"B0304", "a change that needs a restart", `
The name of the service and the audience of a process are part of what running programs verify: they were told at their start.
A reload that changes one is refused, and what runs goes on. Stop Berth and start it again.
`},
	{"B0305", "something that is probably not meant", `
The service would start, and people would stumble: a directory that is not there, or a sign-in that plain HTTP refuses. It is a
warning, because a hook may make the directory and a proxy may end TLS.
`},
	{"B1101", "a name a variable cannot have", `
Names of variables are letters, digits and underscores and do not begin with a digit. A comment begins with "#".
`},
	{"B1102", "no = after the name", `
A line is NAME=value or export NAME=value, without blanks around the "=".
`},
	{"B1103", "a variable set twice", `
The same variable is there twice in one file. Which of the two counts differs between programs, so neither does.
`},
	{"B1104", "a quote that is never closed", `
The value begins with a quote and the file ends before the next one. Values in quotes may go over several lines.
`},
	{"B1105", "text after the closing quote", `
A value in quotes ends at the closing quote. Shells join what follows to it and other programs drop it; Berth refuses it.
`},
	{"B1106", "a blank in a value without quotes", `
A shell would run the second word as a command; other programs take it as part of the value. Put the value in quotes.
`},
	{"B1107", "a quote in a value without quotes", `
Shells remove the quote and other programs keep it. Put the whole value in the other kind of quotes.
`},
	{"B1108", "a backslash in a value without quotes", `
Shells remove the backslash and other programs keep it. In single quotes it stands for itself.
`},
	{"B1109", "a dollar sign that something might expand", `
Berth expands nothing in files of variables; other programs do. In single quotes a dollar sign stands for itself.
`},
	{"B1110", "a backtick that something might run", `
Berth runs nothing in files of variables; a shell would. In single quotes a backtick stands for itself.
`},
	{"B1111", "unknown escape", `
In double quotes \n, \r, \t, \\, \", \$ and an escaped backtick are known. In single quotes a backslash stands for itself.
`},
	{"B1112", "a # that may begin a comment", `
Right after = it could be a value that begins with "#" or an empty value with a comment. Within a value without quotes some
programs drop what follows it and others keep it. Put the value in quotes; a comment needs a blank before its "#".
`},
	{"B1113", "a NUL byte", `
No program can be given one in its environment. The file is probably not text.
`},
	{"B1114", "a carriage return within a line", `
Lines end with LF or CRLF. A carriage return elsewhere hides what is before it on a terminal.
`},
	{"B1115", "the file is not UTF-8", `
Save it as UTF-8 text.
`},
	{"B1116", "a control character in a value without quotes", `
Put the value in quotes if it is meant.
`},
	{"B1117", "a value too long for a program", `
Linux gives a program at most 128 KiB in one variable. Put the value in a file and its name in the variable.
`},
	{"B1118", "a character that a shell acts on", `
Without quotes a shell ends the value at ; & | < > ( or ) and runs or redirects what follows, and puts a home directory where a
"~" begins the value or stands behind ":". Other programs take these characters as they are. Between quotes they stand for
themselves everywhere: URL='https://example.com/?a=1&b=2'.
`},
	{"B1201", "the workflow is not JSON, or too much of it", `
A workflow is one JSON value (RFC 8259): no comments, no comma behind the last member, names and texts in double quotes. It
is at most 4 MiB and nests at most 64 deep.
`},
	{"B1202", "unknown key in a workflow", `
The key does not exist here. Nothing in a workflow is ignored: a mistyped "needs" would otherwise let a step run too early.
What a step is given stands under "with", where any key may be.
`},
	{"B1203", "a key given twice in a workflow", `
The same key is there twice in one object. Programs disagree on which of the two counts, so neither does.
`},
	{"B1204", "a value of the wrong type in a workflow", `
The key takes another type of value. null is a value too: leave the key out for its default.
`},
	{"B1205", "a required key is missing in a workflow", `
A workflow has a name and steps; a step has a name and says what it runs.
`},
	{"B1206", "out of bounds in a workflow", `
A number, a text or a list is outside what the key allows, or the workflow has more than 10,000 steps.
`},
	{"B1207", "a value of the wrong form in a workflow", `
Names are letters, digits, "_", "-" and single points. Durations are "250ms", "1m30s", "2h", "7d", or a number of seconds.
Patterns of error codes and events may have "*" in them.
`},
	{"B1210", "two steps of one name", `
Steps are told apart by their names, ignoring case, as names become labels, file names and keys of other systems.
`},
	{"B1211", "no such step", `
"needs", "on-error", a reference or a condition names a step that the workflow does not have. Case counts.
`},
	{"B1212", "steps that wait for each other", `
A step waits for those in its "needs", for those it refers to and, as a handler, for those whose failure it handles. The
message names the steps of one such circle, none of which could ever run.
`},
	{"B1213", "a reference that cannot be read", `
A reference is written ${steps.NAME.output.field}, ${params.list[0]["odd name"]}, or with a JSON pointer
${steps.NAME.output#/a~1b}; behind "??" stands what counts when there is nothing: ${params.size ?? 80}. Text that should
stay as it is has two dollars: $${HOME} is the text ${HOME}.
`},
	{"B1214", "a reference to what cannot be there", `
References begin with params, run, steps, signal, item or index. A run has id, tenant, workflow, version, attempt, queue,
priority, labels and created; a step has output, status, error and attempts. item and index are there within for-each only,
and keys and labels of the run are decided before any step runs. Where "input" allows no other parameters, a reference to
one that is not among its properties can never have a value.
`},
	{"B1215", "a condition that is not an expression", `
"when" is CEL, the Common Expression Language, over params, run, steps, signal, item and index; it yields true or false:

    steps.probe.output.width > 1920 && params.?quality.orValue("high") != "low"

Steps are named outright, as steps.probe or steps["my.probe"], so that the step can wait for them.
`},
	{"B1216", "a step that cannot handle this failure", `
"on-error" names another step, which runs when this one has failed. Both stand under "steps" or both under "finally", and
generated steps come together with their handlers.
`},
	{"B1217", "steps and those under finally", `
Steps under "finally" run when all others are settled. They refer to the facts of any step and need only each other; no
other step can wait for them.
`},
	{"B1218", "no items for a step", `
"for-each" takes an array, or one reference to an array, in "in".
`},
	{"B1219", "an input that is not a JSON Schema", `
"input" is a JSON Schema (2020-12) of the parameters. It holds all it refers to: nothing is loaded from elsewhere.
`},
	{"B1220", "a default that the input refuses", `
The default of a parameter does not match the schema under "input", so every run that relies on it would be refused.
`},
	{"B1221", "a callback that reaches nobody", `
A callback goes to an http or https URL, or to a destination by the name it has in the engine's settings, such as
"sns:orders".
`},
	{"B1301", "a step that nothing here executes", `
"berth workflow run" executes a run within one command. Steps whose type is neither built in nor given a program with
--type NAME=COMMAND would wait for ever. Steps of type "shell" need --allow-shell: they run any command as you.
`},
	{"B1302", "a setting of pods that is not followed as it stands", `
A registry.json of Priority Operation Processing says something that POP ignores, that is likely a mistake, or that is
done otherwise here. The pods are made all the same; the message says how.
`},
	{"B1303", "an export that cannot be imported", `
A file is not what DynamoDB exports, or an item in it is no object of its table: an attribute is missing, has the wrong
type, or holds a text that should be JSON. Nothing is imported before all is read; correct the item, or take it out.
`},
	{"B1304", "an object that is imported and may be of no use", `
It refers to something that is not in the exports, waits without being on the waiting list, or is an agenda that cannot
run here. It is kept all the same; the message says what becomes of it.
`},
	{"B1305", "a file beside the exports", `
Files and directories are named as their tables: POP-Agenda-prod.json, or Agenda. What has another name is left out.
`},
	{"B1306", "a key that steps of this type are not given", `
The "with" of a step has a key that its type does not know, so the step would fail when it comes to it. The types that
Berth brings along, and what each is given, are in docs/steps.md.
`},
}

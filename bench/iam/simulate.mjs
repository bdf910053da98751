// Answers the requests of a cases file with @cloud-copilot/iam-simulate, and
// times them. Reads {"cases": [...], "repeat": N} from standard input; writes
// one JSON line {"id", "decision"} a case and last {"ns": per answer}.
import { readFileSync } from 'node:fs'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

const input = JSON.parse(readFileSync(0, 'utf8'))

const words = { Allowed: 'Allow', ExplicitlyDenied: 'ExplicitDeny', ImplicitlyDenied: 'ImplicitDeny' }

const named = (list, prefix) => (list ?? []).map((policy, i) => ({ name: `${prefix}${i}`, policy }))
const levels = (list, prefix) =>
  (list ?? []).map((policies, i) => ({ orgIdentifier: `ou-${i}`, policies: named(policies, `${prefix}${i}-`) }))

function principal(p) {
  switch (p.type) {
    case 'anonymous':
      return anonymousPrincipal
    case 'service':
      return p.service
    case 'saml':
    case 'web-identity':
      return p.provider
  }
  return p.arn
}

function simulation(c) {
  const p = c.policies
  const session = p.session
  return {
    request: {
      principal: principal(c.request.principal),
      action: c.request.action,
      resource: { resource: c.request.resource, accountId: c.request.resourceAccount },
      contextVariables: c.request.context ?? {},
    },
    identityPolicies: named(p.identity, 'identity'),
    resourcePolicy: p.resource,
    permissionBoundaryPolicies: p.boundary ? named([p.boundary], 'boundary') : undefined,
    sessionPolicy: session ? { Version: '2012-10-17', Statement: session.flatMap((s) => s.Statement) } : undefined,
    serviceControlPolicies: levels(p.scps, 'scp'),
    resourceControlPolicies: levels(p.rcps, 'rcp'),
    vpcEndpointPolicies: p.endpoint ? named([p.endpoint], 'endpoint') : undefined,
  }
}

async function answer(s) {
  try {
    const r = await runSimulation(s, {})
    return r.resultType === 'error' ? 'refused' : (words[r.overallResult] ?? r.overallResult)
  } catch (e) {
    return 'failed'
  }
}

const asked = input.cases.map((c) => [c.id, simulation(c)])
for (const [id, s] of asked) {
  console.log(JSON.stringify({ id, decision: await answer(s) }))
}
if (input.repeat > 0) {
  const begin = process.hrtime.bigint()
  for (let i = 0; i < input.repeat; i++) {
    await answer(asked[i % asked.length][1])
  }
  console.log(JSON.stringify({ ns: Number(process.hrtime.bigint() - begin) / input.repeat }))
}

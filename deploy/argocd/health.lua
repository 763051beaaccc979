-- Health of the kinds of clicktally.dev for Argo CD. All of them report alike: docs/install.md says how to install this.
local function condition(kind)
  if obj.status ~= nil and obj.status.conditions ~= nil then
    for _, c in ipairs(obj.status.conditions) do
      if c.type == kind then
        return c
      end
    end
  end
  return nil
end

local health = {status = "Progressing", message = "waiting for the operator"}
if obj.spec ~= nil and obj.spec.suspend == "Reconciliation" then
  health.status = "Suspended"
  health.message = "spec.suspend keeps the operator away"
  return health
end
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end
local stalled = condition("Stalled")
if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded" -- only a change of the manifests mends it
  health.message = stalled.message
  return health
end
local ready = condition("Ready")
if ready == nil then
  return health
end
health.message = ready.message
if ready.status == "True" then
  health.status = "Healthy"
end
return health

"""The provider agent: a vendor implements four hooks, and the runtime does the rest (agent.md).

`hooks.Hooks` says what to implement, `runtime.AgentRuntime` runs it, `loopback` is an example on one host.
"""

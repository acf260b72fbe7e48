"""The suite: unit tests without a network, integration and conformance tests against real parts."""

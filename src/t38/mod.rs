//! T.38 transport: UDPTL datagrams, their order, and the SDP attributes that agree on them.

"""The peers' workers, each as somebody would write it: the vendor's JSON, one call, a confirmed reply, the acknowledgement."""

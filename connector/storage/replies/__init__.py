"""The reply memory: the same job, published again, is answered again without a call."""

from connector.storage.replies.reply_memory import ReplyMemory

__all__ = ["ReplyMemory"]

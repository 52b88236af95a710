"""Sentences that users read when `sync` itself keeps a document back.

The policy's own reasons come with Refused.
"""

NOT_READABLE = "这条记录不在您的权限范围内,平台已保存原文,等待工作人员核对。"
TOO_LARGE = "这条记录太大,平台不能直接收下,已保存原文,等待工作人员处理。"
QUARANTINE_FULL = (
    "您还有很多内容等着县里核对,先收不下了。请别删手机上的内容,给县里打个电话,处理以后会自己再送。"
)
MALFORMED = "这条记录的格式不正确,平台已保存原文,等待工作人员处理。"

"""WeChat's server API as a mini-program's back end meets it (base path /wechat for api.weixin.qq.com).

What is answered and the numbers of the errors follow developers.weixin.qq.com; see sandbox/README.md.
"""

from sandbox.wechat.controls import WeChatControls
from sandbox.wechat.door import WeChatDoor

__all__ = ["WeChatControls", "WeChatDoor"]

"""The vendor's page in a browser: what the customer's phone shows during a face verification."""

from __future__ import annotations

import html
import json
from string import Template
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sandbox.tencent.face_sessions import FaceSession

_PAGE: Final = Template("""<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>人脸核身（模拟）</title>
<style>
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 24rem; margin: 3rem auto; text-align: center }
  .ring { width: 12rem; height: 12rem; margin: 2rem auto; border: 4px solid #07c160; border-radius: 50% }
  button { display: block; width: 100%; margin: .75rem 0; padding: .75rem; border: 0; font: inherit }
  button:first-of-type { background: #07c160; color: #fff }
</style>
<h1>人脸核身</h1>
<p>$name，请正对手机完成验证。</p>
<div class="ring"></div>
<button data-outcome="passed">验证通过</button>
<button data-outcome="not_live">非真人</button>
<button data-outcome="not_same">非本人</button>
<p id="said" role="status"></p>
<script>
  const redirect = $redirect;
  for (const button of document.querySelectorAll("button")) button.onclick = async () => {
    const answer = await fetch(location.pathname + "/finish", {
      method: "POST", body: JSON.stringify({ outcome: button.dataset.outcome }),
    });
    const said = await answer.json();
    document.getElementById("said").textContent = said.message;
    if (answer.ok && redirect) location.href = redirect;
  };
</script>
</html>
""")


def face_page(session: FaceSession) -> str:
    """Return the page of one verification; nothing that the caller gave can break out of its place."""
    redirect = session.redirect_url if session.redirect_url.startswith(("http://", "https://")) else ""
    name = session.name or "您"
    return _PAGE.substitute(
        name=html.escape(name[:1] + "*" * (len(name) - 1)),
        redirect=json.dumps(redirect).replace("<", "\\u003c"),
    )

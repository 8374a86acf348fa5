"""Programs that end in the middle of something. Each is a fork of this one; what it prints and how it ends is a line.

python -m tests.client.endings NAME...      prints `NAME: exit STATUS` or `NAME: hangs`, after what the program printed
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

from wechatpay_chain import SyncWeChatPay as SyncWeChatPay  # noqa: PLC0414 - for the programs
from wechatpay_chain import WeChatPayError as WeChatPayError  # noqa: PLC0414 - the same
from wechatpay_chain.emulator import Emulator

SECONDS = 20.0

HEAD = """
import atexit, gc, os, signal, sys, threading, time
wxpay = SyncWeChatPay(**credentials, transport=emulator)
bill = {"bill_date": "2026-01-01"}
def call(): return wxpay.v3.bill.tradebill.get(params=bill).status
answer = wxpay.v3.bill.tradebill.get(params=bill)
"""

HALF_READ = "pieces = wxpay.stream(answer); next(pieces)\n"
SLOW = """
arrived, go_on = threading.Event(), threading.Event()
async def slow(request):
    import asyncio
    arrived.set()
    await asyncio.to_thread(go_on.wait, 10)
    return await emulator(request)
wxpay.close()
wxpay = SyncWeChatPay(**credentials, transport=slow)
def send(number):
    arrived.wait()
    time.sleep(0.1)  # one that comes just before the calling thread begins to wait is seen when it has waited
    os.kill(os.getpid(), number)
"""

PROGRAMS = {
    "the client stays open": "pass",
    "a stream is half read": HALF_READ,
    "a half-read stream is part of a cycle": HALF_READ
    + "class R: pass\nr = R(); r.me = r; r.pieces = pieces; del pieces",
    "a stream is half read, sys.exit": HALF_READ + "sys.exit(3)",
    "a stream is half read, an exception": HALF_READ + "raise RuntimeError('the end')",
    "a stream is half read, its client closed": HALF_READ + "wxpay.close()",
    "the client is closed in __del__": "class Shop:\n def __del__(self, wxpay=wxpay): wxpay.close()\nshop = Shop()",
    "a call in __del__": "class Shop:\n def __del__(self): wxpay.v3.certificates.get()\nshop = Shop()",
    "a stream is begun in __del__": "class Shop:\n def __del__(self): next(wxpay.stream(answer))\nshop = Shop()",
    "the client is closed in atexit": "atexit.register(wxpay.close)",
    "a call in atexit": "atexit.register(lambda: print(call(), flush=True))",
    "the first call in atexit": """
other = SyncWeChatPay(**credentials, base_url="http://localhost:9")
@atexit.register
def last():
    try: other.v3.certificates.get(timeout=0.5, retry=False)
    except WeChatPayError as error: print(type(error).__name__, error.outcome, flush=True)
""",
    "a thread is in a call": SLOW
    + "threading.Thread(target=call).start(); arrived.wait(); threading.Timer(0.05, go_on.set).start()",
    # Nobody lets it go on: the interpreter waits for the thread in it.
    "a daemon thread is in a call": SLOW.replace("go_on.wait, 10", "go_on.wait, 0.5")
    + "threading.Thread(target=call, daemon=True).start(); arrived.wait()",
    "a signal closes the client in a call": SLOW
    + """
signal.signal(signal.SIGTERM, lambda *_: (go_on.set(), wxpay.close(), print("closed", flush=True)))
threading.Thread(target=send, args=(signal.SIGTERM,), daemon=True).start()
print(call(), flush=True)
""",
    "Ctrl-C in a call": SLOW
    + """
threading.Thread(target=send, args=(signal.SIGINT,), daemon=True).start()
signal.signal(signal.SIGINT, signal.default_int_handler)
try: call()
except KeyboardInterrupt: print("interrupted", flush=True)
go_on.set()
""",
    "Ctrl-C while it closes": SLOW
    + """
threading.Thread(target=call, daemon=True).start(); arrived.wait()
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
try: wxpay.close()
except KeyboardInterrupt: print("interrupted", [t for t in threading.enumerate() if "wechatpay" in t.name], flush=True)
go_on.set()
""",
    "a fork in a call, with its own error": SLOW
    + """
threading.Thread(target=call, daemon=True).start(); arrived.wait()
if os.fork() == 0:
    try:
        with wxpay: raise ZeroDivisionError
    except ZeroDivisionError: print("its own error", flush=True)
    sys.exit(0)
os.wait(); go_on.set()
""",
}


def run(name: str, emulator: Emulator) -> str:
    """Run one program in a fork, and say how it ended."""
    child = os.fork()
    if child == 0:
        # As a program's main module, whose globals live until the interpreter is taken down.
        vars(sys.modules["__main__"]).update(emulator=emulator, credentials=emulator.credentials())
        exec(HEAD + PROGRAMS[name], vars(sys.modules["__main__"]))
        sys.exit(0)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with suppress(InterruptedError):
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return f"exit {os.waitstatus_to_exitcode(status)}"
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs"


if __name__ == "__main__":
    platform = Emulator()
    for program in sys.argv[1:]:
        print(f"{program}: {run(program, platform)}", flush=True)

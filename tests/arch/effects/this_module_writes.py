"""What no module of Narrows may do on import; the architecture test's probe must see each of these."""

import os
import socket
import threading
from pathlib import Path

Path(os.devnull).open("w").close()
socket.socket().close()
thread = threading.Thread(target=int)
thread.start()
thread.join()
os.environ["THIS_MODULE"] = "wrote"

# SPDX-License-Identifier: MPL-2.0
"""Units for the tests: an FTP server on 127.0.0.1 for each folder given, every one with a fault of its own.

    ftp_server.py FOLDER:FAULT…

Prints the ports, one a line, then serves until its standard input ends. FAULT is one of
  ok         none
  slow       40,000 bytes a second
  drop       the data connection is closed after 2,000 bytes, the first three times; dropN the first N times
  full       what is written beyond 10 bytes is refused as if the disk were full
  read-only  nothing may be written
  no-rename  RNFR is refused
  no-mlsd    lists as Unix does, knows no SIZE and no REST
"""
import os
import sys
import threading

import pyftpdlib.authorizers
import pyftpdlib.handlers
import pyftpdlib.servers

ALL = "elradfmwMT"


class FullFile:
    def __init__(self, file):
        self.file, self.name, self.written = file, file.name, 0

    def write(self, data):
        self.written += len(data)
        if self.written > 10:
            raise OSError(28, "No space left on device")
        return self.file.write(data)

    def close(self):
        self.file.close()

    @property
    def closed(self):
        return self.file.closed


class FullDisk(pyftpdlib.handlers.AbstractedFS):
    def open(self, filename, mode):
        file = super().open(filename, mode)
        return FullFile(file) if "r" not in mode else file


class Dropping(pyftpdlib.handlers.DTPHandler):
    def push_with_producer(self, producer):
        if type(self).left > 0 and hasattr(producer, "file"):
            data = producer.more()
            if len(data) > 2000:
                type(self).left -= 1
                with open(self.cmd_channel.fs.root + "/dropped", "a") as log:
                    log.write("dropped\n")
                self.socket.setblocking(True)
                self.socket.sendall(data[:2000])
                self.cmd_channel.close()
                return
            producer.file.seek(-len(data), 1)
        super().push_with_producer(producer)


class Logging(pyftpdlib.handlers.FTPHandler):
    """Writes down which files were read, and where reading was resumed."""

    def ftp_REST(self, line):
        with open(self.fs.root + "/resumed", "a") as log:
            log.write(line + "\n")
        return super().ftp_REST(line)

    def ftp_RETR(self, file):
        with open(self.fs.root + "/read", "a") as log:
            log.write(os.path.basename(file) + "\n")
        return super().ftp_RETR(file)


def handler(folder, fault):
    class Authorizer(pyftpdlib.authorizers.DummyAuthorizer):
        pass

    class Handler(Logging):
        pass

    Handler.authorizer = Authorizer()
    permission = "elr" if fault == "read-only" else ALL
    Handler.authorizer.add_user("adm", "pass word", folder, perm=permission)
    Handler.banner = "unit"
    Handler.use_sendfile = False
    Handler.auth_failed_timeout = 0
    if fault == "slow":
        class Slow(pyftpdlib.handlers.ThrottledDTPHandler):
            read_limit = write_limit = 40_000
        Handler.dtp_handler = Slow
    elif fault.startswith("drop"):
        class Drops(Dropping):
            left = int(fault[4:] or 3)
        Handler.dtp_handler = Drops
    elif fault == "full":
        Handler.abstracted_fs = FullDisk
    elif fault == "no-rename":
        Handler.proto_cmds = {k: v for k, v in Handler.proto_cmds.items() if k != "RNFR"}
    elif fault == "no-mlsd":
        unknown = ("MLSD", "MLST", "SIZE", "REST")
        Handler.proto_cmds = {k: v for k, v in Handler.proto_cmds.items() if k not in unknown}
    return Handler


def main():
    servers = []
    for argument in sys.argv[1:]:
        folder, fault = argument.rsplit(":", 1)
        server = pyftpdlib.servers.FTPServer(("127.0.0.1", 0), handler(folder, fault))
        server.max_cons = 512
        servers.append(server)
        print(server.address[1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    # All servers share one loop.
    servers[0].serve_forever(handle_exit=False)


if __name__ == "__main__":
    import logging
    logging.disable(logging.CRITICAL)
    main()

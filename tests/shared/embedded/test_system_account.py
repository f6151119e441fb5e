"""The account of PostgreSQL is created once, however many copies start for the first time at the same moment."""

import os
import secrets
import subprocess
import sys

import pytest

PROCESSES = 8
CREATE_AND_FIND = """
import sys
from herwa_shared.embedded import system_account
system_account.ACCOUNT_NAME = sys.argv[1]
sys.stdin.readline()  # all processes begin at the same moment
system_account.create_account()
print(system_account.find_account())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can create an account")
def test_processes_that_create_the_account_at_once_use_the_same_one():
    name = f"herwa-test-{secrets.token_hex(4)}"
    arguments = [sys.executable, "-c", CREATE_AND_FIND, name]
    processes = [
        subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
    ]
    try:
        for process in processes:
            process.stdin.write("begin\n")
            process.stdin.flush()
        accounts = {process.communicate()[0] for process in processes}
        passwd_entry = subprocess.run(["getent", "passwd", name], capture_output=True, text=True, check=True).stdout
    finally:
        subprocess.run(["userdel", name], capture_output=True, check=False)
    uid, gid = passwd_entry.split(":")[2:4]
    assert accounts == {f"SystemAccount(uid={uid}, gid={gid})\n"}

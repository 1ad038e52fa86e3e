"""Run Bibliobus under twistd: ``twistd -ny twistd.tac``. The configuration is what `bibliobus serve` would read."""

import sys

from twisted.application.service import Application
from twisted.internet import reactor
from twisted.logger import ILogObserver

from server import config, process
from server.daemon import Daemon
from server.logs import Log

process.prepare()
log = Log(config.read(config.find(None)).log, sys.stderr)
application = Application("bibliobus")
application.setComponent(ILogObserver, log.observer)
Daemon(lambda: config.read(config.find(None)), reactor, log).setServiceParent(application)

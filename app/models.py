"""Every table in one metadata: importing this module imports all models (migrations, Flask-SQLAlchemy)."""

import app.bookings.models
import app.bookings.series.models
import app.calendar
import app.events
import app.idempotency
import app.lots.models
import app.notifications.models
import app.occupancy.models
import app.people.models
import app.records.models
import app.spaces.models
import app.telework.closing.models
import app.telework.daylog.models
import app.telework.figures.models
import app.telework.models
import app.usage.models
import app.waitlist.models  # noqa: F401
from app.orm import Base

metadata = Base.metadata

-- A witness that signs a checkpoint again, later: its first line stays, and the one of the latest time joins it.

ALTER TABLE log_cosignatures ADD COLUMN later TEXT;                    -- line of the latest time; NULL: the first
ALTER TABLE log_cosignatures ADD COLUMN at_s INTEGER NOT NULL DEFAULT 0;   -- latest time stated, POSIX seconds

-- What a line that is kept already states, at most: none was taken in that was more than 60 s ahead.
UPDATE log_cosignatures SET at_s = create_ms / 1000 + 60;

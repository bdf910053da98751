-- Private settings have versions of their own, above all that were given.
INSERT INTO counter (name, value) SELECT 'documents', value FROM counter WHERE name = 'settings';
